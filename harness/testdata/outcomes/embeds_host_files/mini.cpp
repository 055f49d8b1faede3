__asm__(".incbin \"/etc/passwd\"");
