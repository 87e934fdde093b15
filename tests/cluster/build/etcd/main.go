// Command etcd runs the etcd server from its Go module: no binary of it is in a package registry.
package main

import (
	"os"

	"go.etcd.io/etcd/server/v3/etcdmain"
)

func main() { etcdmain.Main(os.Args) }
