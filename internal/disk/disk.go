// Package disk tells how much space a disk has, and reserves space for a file.
package disk

import "os"

// Space returns, in bytes, the space on the disk of path that this process may still use, and the size of the disk.
// total is 0 on systems that do not tell.
func Space(path string) (free, total int64, err error) { return space(path) }

// Allocate extends the file to size bytes and reserves the disk space for them, so that overwriting them later cannot
// fail for lack of space. It uses fallocate(2) where it can, and else writes zeros.
func Allocate(f *os.File, size int64) error {
	if allocate(f, size) == nil {
		return nil
	}
	zeros := make([]byte, 256<<10)
	for at := int64(0); at < size; at += int64(len(zeros)) {
		if _, err := f.WriteAt(zeros[:min(int64(len(zeros)), size-at)], at); err != nil {
			return err
		}
	}
	return nil
}
