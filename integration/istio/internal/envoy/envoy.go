// Package envoy runs stock Envoy as a proxy of the mesh.
package envoy

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"ballast/integration/istio/internal/netns"
)

// Modules is where manifests expect the modules to be inside the proxy's container.
const Modules = "/var/lib/ballast"

const admin = "127.0.0.1:15000"

// Options say which proxy to start.
type Options struct {
	// Binary is Envoy, Modules the folder that the proxy sees as the package's Modules.
	Binary, Modules string
	// Folder is for configuration and log.
	Folder string
	// Node is Istio's id of the proxy, Namespace and Labels what selects it.
	Node, Namespace string
	Labels          map[string]string
	// Discovery is the address of the agent that it asks for configuration.
	Discovery string
}

// Proxy is a running Envoy in a pod.
type Proxy struct {
	pod     *netns.Pod
	command *exec.Cmd
	log     string
	client  *http.Client
}

// Start starts an Envoy in the pod, and does not wait for its configuration.
func Start(pod *netns.Pod, options Options) (*Proxy, error) {
	config := filepath.Join(options.Folder, "bootstrap.json")
	text, err := json.Marshal(bootstrap(pod, options))
	if err != nil {
		return nil, err
	}
	if err := os.WriteFile(config, text, 0o644); err != nil {
		return nil, err
	}
	proxy := &Proxy{pod: pod, log: filepath.Join(options.Folder, "envoy.log")}
	log, err := os.Create(proxy.log)
	if err != nil {
		return nil, err
	}
	defer log.Close()
	proxy.command = exec.Command(options.Binary, "-c", config, "--concurrency", "2", "--log-level", "warning",
		"--disable-hot-restart", "--drain-time-s", "1")
	proxy.command.Stdout, proxy.command.Stderr = log, log
	proxy.command.SysProcAttr = &syscall.SysProcAttr{
		// Root, so that it may bind and read; the group keeps its own traffic from being redirected.
		Credential: &syscall.Credential{Uid: 0, Gid: netns.EnvoyGroup},
	}
	proxy.client = &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(context.Context, string, string) (net.Conn, error) {
			return Dial(pod, admin)
		},
	}}
	return proxy, pod.In(func() error {
		if err := mount(options.Modules); err != nil {
			return err
		}
		return proxy.command.Start()
	})
}

// mount lets what this thread starts see folder as Modules, and nothing else of the machine change.
func mount(folder string) error {
	if err := unix.Unshare(unix.CLONE_NEWNS); err != nil {
		return fmt.Errorf("a mount namespace: %w", err)
	}
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("private mounts: %w", err)
	}
	if err := unix.Mount("tmpfs", filepath.Dir(Modules), "tmpfs", 0, ""); err != nil {
		return fmt.Errorf("an empty %s: %w", filepath.Dir(Modules), err)
	}
	if err := os.Mkdir(Modules, 0o755); err != nil {
		return err
	}
	return unix.Mount(folder, Modules, "", unix.MS_BIND, "")
}

// Dial connects from inside a pod.
func Dial(pod *netns.Pod, address string) (connection net.Conn, err error) {
	err = pod.In(func() error {
		connection, err = net.DialTimeout("tcp4", address, 5*time.Second)
		return err
	})
	return connection, err
}

// Admin reads a page of the admin interface.
func (p *Proxy) Admin(path string) ([]byte, error) {
	response, err := p.client.Get("http://" + admin + path)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	return io.ReadAll(response.Body)
}

// Counter reads a statistic; one that is not there is 0.
func (p *Proxy) Counter(name string) (uint64, error) {
	text, err := p.Admin("/stats?filter=^" + strings.ReplaceAll(name, ".", `\.`) + "$")
	if err != nil || len(text) == 0 {
		return 0, err
	}
	var value uint64
	_, err = fmt.Sscanf(strings.TrimSpace(string(text)), name+": %d", &value)
	return value, err
}

// Log is all that the proxy has logged.
func (p *Proxy) Log() string {
	text, _ := os.ReadFile(p.log)
	return string(text)
}

// Stop ends the proxy.
func (p *Proxy) Stop() {
	if p.command.Process != nil {
		_ = p.command.Process.Kill()
		_ = p.command.Wait()
	}
}

func bootstrap(pod *netns.Pod, options Options) map[string]any {
	host, port, _ := net.SplitHostPort(options.Discovery)
	return map[string]any{
		"admin": map[string]any{"address": address("127.0.0.1", "15000")},
		"node": map[string]any{
			"id":      options.Node,
			"cluster": "ballast",
			"metadata": map[string]any{
				"NAMESPACE":     options.Namespace,
				"LABELS":        options.Labels,
				"ISTIO_VERSION": "1.31.0",
				"CLUSTER_ID":    "Kubernetes",
				"INSTANCE_IPS":  pod.Address,
			},
		},
		"dynamic_resources": map[string]any{
			"ads_config": map[string]any{
				"api_type": "GRPC", "transport_api_version": "V3", "set_node_on_first_message_only": true,
				"grpc_services": []any{map[string]any{"envoy_grpc": map[string]any{"cluster_name": "xds-grpc"}}},
			},
			"cds_config": map[string]any{"ads": map[string]any{}, "resource_api_version": "V3"},
			"lds_config": map[string]any{"ads": map[string]any{}, "resource_api_version": "V3"},
		},
		"static_resources": map[string]any{"clusters": []any{map[string]any{
			"name": "xds-grpc", "type": "STATIC", "connect_timeout": "5s",
			"typed_extension_protocol_options": map[string]any{
				"envoy.extensions.upstreams.http.v3.HttpProtocolOptions": map[string]any{
					"@type":                "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
					"explicit_http_config": map[string]any{"http2_protocol_options": map[string]any{}},
				},
			},
			"load_assignment": map[string]any{
				"cluster_name": "xds-grpc",
				"endpoints": []any{map[string]any{"lb_endpoints": []any{map[string]any{
					"endpoint": map[string]any{"address": address(host, port)},
				}}}},
			},
		}}},
	}
}

func address(host, port string) map[string]any {
	var number int
	_, _ = fmt.Sscan(port, &number)
	return map[string]any{"socket_address": map[string]any{"address": host, "port_value": number}}
}
