package server

import (
	"cmp"
	"os"
	"runtime"
	runtimemetrics "runtime/metrics"
	"strconv"
	"strings"
	"time"
)

func compareOperations(a, b operation) int {
	return cmp.Or(cmp.Compare(a.service, b.service), cmp.Compare(a.name, b.name))
}

func compareAnswered(a, b answered) int {
	return cmp.Or(compareOperations(a.operation, b.operation), cmp.Compare(a.code, b.code))
}

func appendHead(b []byte, name, kind, help string) []byte {
	return append(b, "# HELP "+name+" "+help+"\n# TYPE "+name+" "+kind+"\n"...)
}

var escapeLabel = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`)

// appendSample writes a line. labels are names and values in turn.
func appendSample(b []byte, name string, value float64, labels ...string) []byte {
	b = append(b, name...)
	for i := 0; i+1 < len(labels); i += 2 {
		b = append(b, map[bool]byte{true: '{', false: ','}[i == 0])
		b = append(b, labels[i]+`="`+escapeLabel.Replace(labels[i+1])+`"`...)
	}
	if len(labels) > 0 {
		b = append(b, '}')
	}
	return append(strconv.AppendFloat(append(b, ' '), value, 'g', -1, 64), '\n')
}

// processGauges are what is watched of any program, under the names that Prometheus' own client gives it. Memory and
// open files of the process are 0 where there is no /proc.
func processGauges() []gauge {
	began := float64(time.Now().UnixMilli()) / 1000
	measured := func(name string) func() float64 {
		return func() float64 {
			sample := []runtimemetrics.Sample{{Name: name}}
			runtimemetrics.Read(sample)
			if sample[0].Value.Kind() != runtimemetrics.KindUint64 {
				return 0
			}
			return float64(sample[0].Value.Uint64())
		}
	}
	return []gauge{
		{"go_goroutines", "gauge", "Goroutines that exist.", func() float64 { return float64(runtime.NumGoroutine()) }},
		{"go_memstats_heap_alloc_bytes", "gauge", "Bytes of objects on the heap.",
			measured("/memory/classes/heap/objects:bytes")},
		{"go_memstats_sys_bytes", "gauge", "Bytes of memory taken from the system.", measured("/memory/classes/total:bytes")},
		{"process_open_fds", "gauge", "Open file descriptors.", openFiles},
		{"process_resident_memory_bytes", "gauge", "Bytes of resident memory.", residentMemory},
		{"process_start_time_seconds", "gauge", "Start of the process, in seconds since 1970.",
			func() float64 { return began }},
	}
}

func openFiles() float64 {
	list, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return 0
	}
	return float64(len(list))
}

func residentMemory() float64 {
	text, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0
	}
	fields := strings.Fields(string(text)) // pages: all, resident, …
	if len(fields) < 2 {
		return 0
	}
	pages, err := strconv.ParseFloat(fields[1], 64)
	if err != nil {
		return 0
	}
	return pages * float64(os.Getpagesize())
}
