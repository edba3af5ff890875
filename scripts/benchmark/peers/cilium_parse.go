// Parses a base BTF and every split BTF of a folder on it with cilium/ebpf, and nothing else.
package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/cilium/ebpf/btf"
)

func main() {
	file, err := os.Open(os.Args[1])
	if err != nil {
		panic(err)
	}
	base, err := btf.LoadSpecFromReader(file)
	if err != nil {
		panic(err)
	}
	names, err := filepath.Glob(filepath.Join(os.Args[2], "*.btf"))
	if err != nil {
		panic(err)
	}
	parsed, refused := 0, 0
	for _, name := range names {
		module, err := os.Open(name)
		if err != nil {
			panic(err)
		}
		if _, err := btf.LoadSplitSpecFromReader(module, base); err != nil {
			refused++
		} else {
			parsed++
		}
		module.Close()
	}
	fmt.Printf("%d parsed, %d refused\n", parsed, refused)
}
