// libcni add|check|del NETWORK NETNS CONTAINERID IFNAME: calls libcni, as Go runtimes do. The network is
// looked for in NETCONFPATH, its plugins in CNI_PATH; the cache is libcni's default. add prints the result.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/containernetworking/cni/libcni"
)

func run(verb string, list *libcni.NetworkConfigList, attachment *libcni.RuntimeConf) error {
	ctx := context.Background()
	cni := libcni.NewCNIConfig(filepath.SplitList(os.Getenv("CNI_PATH")), nil)
	switch verb {
	case "add":
		result, err := cni.AddNetworkList(ctx, list, attachment)
		if err != nil {
			return err
		}
		return result.Print()
	case "check":
		return cni.CheckNetworkList(ctx, list, attachment)
	case "del":
		return cni.DelNetworkList(ctx, list, attachment)
	}
	return errors.New(verb + ": unknown verb")
}

func runWords(words []string) error {
	if len(words) != 5 {
		return errors.New("usage: libcni add|check|del NETWORK NETNS CONTAINERID IFNAME")
	}
	list, err := libcni.LoadConfList(os.Getenv("NETCONFPATH"), words[1])
	if err != nil {
		return err
	}
	attachment := &libcni.RuntimeConf{NetNS: words[2], ContainerID: words[3], IfName: words[4]}
	return run(words[0], list, attachment)
}

func main() {
	if err := runWords(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
