__asm__(".incbin \"/dev/zero\"");
