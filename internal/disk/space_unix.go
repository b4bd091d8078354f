//go:build linux || darwin || freebsd

package disk

import "syscall"

// space reads the file system's statistics with statfs(2).
func space(path string) (free, total int64, err error) {
	var st syscall.Statfs_t
	if err := syscall.Statfs(path, &st); err != nil {
		return 0, 0, err
	}
	// The types differ between systems.
	size := int64(st.Bsize)                                      //nolint:unconvert
	return int64(st.Bavail) * size, int64(st.Blocks) * size, nil //nolint:unconvert
}
