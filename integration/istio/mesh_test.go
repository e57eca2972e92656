package istio

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"ballast/integration/istio/internal/envoy"
	"ballast/integration/istio/internal/netns"
)

// port is where every service of the mesh listens.
const port = "8080"

// mesh is three pods with stock Envoy, configured by istiod: a client and a backend with sidecars, and
// a gateway; and a second version of the backend, without a sidecar.
type mesh struct {
	network *netns.Network
	pods    map[string]*netns.Pod
	proxies map[string]*envoy.Proxy
	istiod  *istiod
	// patience is how long a change may take to reach a proxy.
	patience time.Duration
	// second counts the requests to the second version.
	second atomic.Int64
	// callers counts the addresses that requests came from.
	callers atomic.Int64
}

// namespace is that of all objects of the mesh.
const namespace = "mesh"

// startMesh starts the mesh. The objects may name pods' addresses as {{client}}, {{backend}},
// {{second}}, {{gateway}}.
func startMesh(t *testing.T, objects string) *mesh {
	t.Helper()
	return startMeshOf(t, objects, nil)
}

// startMeshOf starts a mesh whose pods have these labels; the others have their name as label app.
func startMeshOf(t *testing.T, objects string, workloads map[string]map[string]string) *mesh {
	t.Helper()
	network, err := netns.New()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(network.Close)
	m := &mesh{network: network, pods: map[string]*netns.Pod{}, proxies: map[string]*envoy.Proxy{}, patience: patience}
	for _, pod := range []struct {
		name     string
		redirect bool
	}{{"client", true}, {"backend", true}, {"second", false}, {"gateway", false}} {
		if m.pods[pod.name], err = network.Add(pod.name, pod.redirect); err != nil {
			t.Fatal(err)
		}
		objects = strings.ReplaceAll(objects, "{{"+pod.name+"}}", m.pods[pod.name].Address)
	}
	m.serve(t, "backend", m.echo("v1"))
	m.serve(t, "second", m.echo("v2"))
	m.serve(t, "client", m.forward())
	if _, err := parse(objects); err != nil {
		t.Fatal(err)
	}
	m.istiod = startIstiod(t, network, objects)
	for name, kind := range map[string]string{"client": "sidecar", "backend": "sidecar", "gateway": "router"} {
		m.startProxy(t, name, kind, workloads[name])
	}
	for name, listener := range map[string]string{"client": "virtualOutbound", "backend": "virtualInbound", "gateway": "0.0.0.0_" + port} {
		m.await(t, name, listener)
	}
	return m
}

// serve runs an application in a pod.
func (m *mesh) serve(t *testing.T, pod string, application http.HandlerFunc) {
	t.Helper()
	var listener net.Listener
	err := m.pods[pod].In(func() (err error) {
		listener, err = net.Listen("tcp4", "0.0.0.0:"+port)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: application}
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(func() { server.Close() })
}

// echo answers every request with what arrived of it.
func (m *mesh) echo(version string) http.HandlerFunc {
	return func(w http.ResponseWriter, request *http.Request) {
		if version == "v2" {
			m.second.Add(1)
		}
		w.Header().Set("content-type", "application/json")
		_ = json.NewEncoder(w).Encode(arrived{Version: version, Path: request.RequestURI, Host: request.Host, Headers: request.Header})
	}
}

// forward is the application of the client: it calls the backend, and of all that it got it forwards
// x-request-id. Each call has a connection of its own: one that was open before a change stays with
// the listener of that time.
func (m *mesh) forward() http.HandlerFunc {
	way := lanes["outbound"]
	return func(w http.ResponseWriter, request *http.Request) {
		client := m.client(way)
		defer client.CloseIdleConnections()
		answer := send(client, way, get(request.RequestURI, "x-request-id", request.Header.Get("x-request-id")))
		w.WriteHeader(cmp.Or(answer.status, http.StatusBadGateway))
		_, _ = io.WriteString(w, answer.body)
	}
}

// arrived is a request as the backend saw it.
type arrived struct {
	Version string
	Path    string
	Host    string
	Headers http.Header
}

func (m *mesh) startProxy(t *testing.T, name, kind string, labels map[string]string) {
	t.Helper()
	pod := m.pods[name]
	if labels == nil {
		labels = map[string]string{"app": name}
	}
	if kind == "router" {
		labels["istio"] = "ingressgateway"
	}
	proxy, err := envoy.Start(pod, envoy.Options{
		Binary: envoyBinary(t), Modules: filepath.Join(root, "target/filters"), Folder: t.TempDir(),
		Node:      fmt.Sprintf("%s~%s~%s.%s~%s.svc.cluster.local", kind, pod.Address, name, namespace, namespace),
		Namespace: namespace, Labels: labels, Discovery: m.istiod.address,
	})
	if err != nil {
		t.Fatal(err)
	}
	m.proxies[name] = proxy
	t.Cleanup(func() {
		proxy.Stop()
		if t.Failed() {
			t.Logf("the log of %s's Envoy:\n%s", name, proxy.Log())
		}
	})
}

// lane is a way into the mesh.
type lane struct {
	// pod is where a request is sent from; the hub if empty.
	pod string
	// to is the pod it is sent to, host what it asks for unless the request says it.
	to, host string
	// port is the service's, if it is not that of the mesh.
	port string
	// from is the sender's address, if it is one of netns.Callers.
	from string
}

var lanes = map[string]lane{
	// To the backend's sidecar, from outside the mesh.
	"inbound": {to: "backend", host: "backend.mesh.example"},
	// From the client, whose sidecar takes it.
	"outbound": {pod: "client", to: "backend", host: "backend.mesh.example"},
	"gateway":  {to: "gateway", host: "backend.example"},
	// Into the client, whose application calls the backend and forwards only x-request-id.
	"through": {to: "client", host: "client.mesh.example"},
}

// fresh is the lane from an address of its own, where requests do not come from a pod.
func (m *mesh) fresh(way lane) lane {
	if way.pod == "" {
		way.from = fmt.Sprintf("10.42.0.%d", 128+m.callers.Add(1))
	}
	return way
}

// client sends requests along a lane.
func (m *mesh) client(way lane) *http.Client {
	address := net.JoinHostPort(m.pods[way.to].Address, cmp.Or(way.port, port))
	dial := func() (connection net.Conn, err error) {
		if way.pod != "" {
			return envoy.Dial(m.pods[way.pod], address)
		}
		err = m.network.InHub(func() error {
			dialer := net.Dialer{Timeout: 5 * time.Second}
			if way.from != "" {
				dialer.LocalAddr = &net.TCPAddr{IP: net.ParseIP(way.from)}
			}
			connection, err = dialer.Dial("tcp4", address)
			return err
		})
		return connection, err
	}
	return &http.Client{Timeout: 20 * time.Second, Transport: &http.Transport{
		MaxIdleConnsPerHost: 16,
		DialContext:         func(context.Context, string, string) (net.Conn, error) { return dial() },
	}}
}

// patience is for a machine that does other things too.
const patience = 60 * time.Second

// await waits until a proxy serves a configuration that names all of these.
func (m *mesh) await(t *testing.T, proxy string, names ...string) {
	t.Helper()
	if err := m.settle(proxy, true, names...); err != nil {
		t.Fatal(err)
	}
}

// settle waits until what a proxy serves to all its clients names all of these, or none.
func (m *mesh) settle(proxy string, present bool, names ...string) error {
	deadline := time.Now().Add(m.patience)
	for {
		serving, refused, err := m.serving(proxy)
		if err == nil && refused != "" {
			return fmt.Errorf("%s's Envoy refuses what istiod serves: %s", proxy, refused)
		}
		if err == nil {
			var wrong []string
			for _, name := range names {
				if strings.Contains(serving, name) != present {
					wrong = append(wrong, name)
				}
			}
			if len(wrong) == 0 && m.drained(proxy) {
				return nil
			}
			err = fmt.Errorf("%s's Envoy: present should be %v: %v", proxy, present, wrong)
		}
		if time.Now().After(deadline) {
			return err
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// drained says whether no connection is left that has an older configuration.
func (m *mesh) drained(proxy string) bool {
	for _, what := range []string{"total_listeners_draining", "total_filter_chains_draining"} {
		if left, err := m.proxies[proxy].Counter("listener_manager." + what); err != nil || left > 0 {
			return false
		}
	}
	return true
}

// serving is the configuration that new connections get, as text, and what was refused.
func (m *mesh) serving(proxy string) (active, refused string, err error) {
	text, err := m.proxies[proxy].Admin("/config_dump")
	if err != nil {
		return "", "", err
	}
	var dump struct {
		Configs []map[string]json.RawMessage `json:"configs"`
	}
	if err := json.Unmarshal(text, &dump); err != nil {
		return "", "", err
	}
	var all strings.Builder
	for _, section := range dump.Configs {
		var listeners []struct {
			Active json.RawMessage `json:"active_state"`
			Error  *struct {
				Details string `json:"details"`
			} `json:"error_state"`
		}
		_ = json.Unmarshal(section["dynamic_listeners"], &listeners)
		for _, listener := range listeners {
			all.Write(listener.Active)
			if listener.Error != nil {
				refused += listener.Error.Details
			}
		}
		for _, name := range []string{"dynamic_active_clusters", "dynamic_route_configs", "ecds_filters"} {
			all.Write(section[name])
		}
	}
	return all.String(), refused, nil
}
