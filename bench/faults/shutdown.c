// SPDX-License-Identifier: Apache-2.0
/*
 * Cuts the power of a file system: nothing more reaches its device, not even its log, and what was not synced is gone
 * when it is mounted again. The ioctl is XFS_IOC_GOINGDOWN, which ext4 has as EXT4_IOC_SHUTDOWN.
 */
#include <fcntl.h>
#include <linux/ioctl.h>
#include <linux/types.h>
#include <stdio.h>
#include <sys/ioctl.h>

#define SHUTDOWN   _IOR('X', 125, __u32)
#define NOLOGFLUSH 2

int main(int argc, char **argv)
{
	__u32 how = NOLOGFLUSH;
	int fd = argc == 2 ? open(argv[1], O_RDONLY | O_DIRECTORY) : -1;

	if (fd < 0 || ioctl(fd, SHUTDOWN, &how)) {
		perror(argc == 2 ? argv[1] : "usage: shutdown DIRECTORY");
		return 1;
	}
	return 0;
}
