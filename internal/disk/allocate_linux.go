package disk

import (
	"os"
	"syscall"
)

// allocate reserves the space with fallocate(2), which not every file system supports.
func allocate(f *os.File, size int64) error { return syscall.Fallocate(int(f.Fd()), 0, 0, size) }
