// Package netns makes network namespaces joined by a bridge: a pod each. The bridge is in a namespace
// too, so that nothing of the machine's own network is touched and every test run may use the same
// addresses.
package netns

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// Hub is the address of the bridge, where everything that is not a pod listens.
const Hub = "10.42.0.1"

// Callers are addresses of the hub too, so that a request can come from one that was never seen.
const Callers = "10.42.0.128/25"

const prefix = "ballast-"

// EnvoyGroup is the group that a redirected pod's Envoy runs as: what it sends is not redirected again.
const EnvoyGroup = 1337

// Network is a bridge and the pods on it.
type Network struct {
	hub  string
	pods []*Pod
}

// Pod is a network namespace with an address of its own.
type Pod struct {
	// Address is the pod's address, e.g. 10.42.0.2.
	Address string
	name    string
}

// New makes a network without pods. What earlier runs that were killed left behind is removed.
func New() (*Network, error) {
	removeStale()
	network := &Network{hub: fmt.Sprintf("%s%d-hub", prefix, os.Getpid())}
	err := all(
		ip("netns", "add", network.hub),
		ip("-n", network.hub, "link", "set", "lo", "up"),
		ip("-n", network.hub, "link", "add", "br0", "type", "bridge"),
		ip("-n", network.hub, "address", "add", Hub+"/24", "dev", "br0"),
		ip("-n", network.hub, "link", "set", "br0", "up"),
		ip("-n", network.hub, "route", "add", "local", Callers, "dev", "lo"),
	)
	if err != nil {
		network.Close()
		return nil, err
	}
	return network, nil
}

// Add makes a pod. With redirect, TCP in both directions goes to a sidecar as Istio's init container
// arranges it: 15006 for what comes in, 15001 for what goes out.
func (n *Network) Add(name string, redirect bool) (*Pod, error) {
	number := strconv.Itoa(len(n.pods) + 2)
	pod := &Pod{Address: "10.42.0." + number, name: fmt.Sprintf("%s%d-%s", prefix, os.Getpid(), name)}
	n.pods = append(n.pods, pod)
	link := "veth" + number
	err := all(
		ip("netns", "add", pod.name),
		ip("-n", n.hub, "link", "add", link, "type", "veth", "peer", "name", "eth0", "netns", pod.name),
		ip("-n", n.hub, "link", "set", link, "master", "br0", "up"),
		ip("-n", pod.name, "address", "add", pod.Address+"/24", "dev", "eth0"),
		ip("-n", pod.name, "link", "set", "lo", "up"),
		ip("-n", pod.name, "link", "set", "eth0", "up"),
		ip("-n", pod.name, "route", "add", "default", "via", Hub),
	)
	if err != nil || !redirect {
		return pod, err
	}
	return pod, all(
		nat(pod, "PREROUTING", "-j", "REDIRECT", "--to-ports", "15006"),
		nat(pod, "OUTPUT", "-m", "owner", "--gid-owner", strconv.Itoa(EnvoyGroup), "-j", "RETURN"),
		nat(pod, "OUTPUT", "-d", "127.0.0.1/32", "-j", "RETURN"),
		nat(pod, "OUTPUT", "-j", "REDIRECT", "--to-ports", "15001"),
	)
}

// Close removes the network. Whatever runs in it has to have ended.
func (n *Network) Close() {
	for _, pod := range n.pods {
		_ = ip("netns", "delete", pod.name)()
	}
	_ = ip("netns", "delete", n.hub)()
}

// InHub runs f where the bridge's address can be listened on and dialled.
func (n *Network) InHub(f func() error) error { return within(n.hub, f) }

// In runs f inside the pod: sockets made by f's own goroutine, and processes it starts, belong to it.
func (p *Pod) In(f func() error) error { return within(p.name, f) }

func within(name string, f func() error) error {
	result := make(chan error, 1)
	go func() {
		// Never unlocked: the thread belongs to the namespace and ends with this goroutine.
		runtime.LockOSThread()
		file, err := os.Open(filepath.Join("/run/netns", name))
		if err == nil {
			err = unix.Setns(int(file.Fd()), unix.CLONE_NEWNET)
			file.Close()
		}
		if err == nil {
			err = f()
		}
		result <- err
	}()
	return <-result
}

type step func() error

func all(steps ...step) error {
	for _, step := range steps {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

func ip(arguments ...string) step { return command("ip", arguments...) }

func nat(pod *Pod, chain string, rule ...string) step {
	arguments := append([]string{"netns", "exec", pod.name, "iptables", "-w", "-t", "nat", "-A", chain, "-p", "tcp"}, rule...)
	return ip(arguments...)
}

func command(name string, arguments ...string) step {
	return func() error {
		output, err := exec.Command(name, arguments...).CombinedOutput()
		if err != nil {
			return fmt.Errorf("%s %s: %w: %s", name, strings.Join(arguments, " "), err, output)
		}
		return nil
	}
}

// removeStale deletes the namespaces of test runs that are gone; their links go with them.
func removeStale() {
	entries, _ := os.ReadDir("/run/netns")
	for _, entry := range entries {
		rest, ours := strings.CutPrefix(entry.Name(), prefix)
		if !ours {
			continue
		}
		pid, _, _ := strings.Cut(rest, "-")
		if _, err := os.Stat(filepath.Join("/proc", pid)); os.IsNotExist(err) {
			_ = ip("netns", "delete", entry.Name())()
		}
	}
}
