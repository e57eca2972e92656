package istio

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"istio.io/istio/pkg/config"
)

// page is what a tutorial has its readers apply, and what they see then.
type page struct {
	// file is the page's own YAML, in testdata/tutorials; with is what of ours is served next to it.
	file string
	with []string
	// proxy takes it over: then its configuration names all marks.
	proxy string
	marks []string
	// to and port are where its requests go, pod where from; the hub if empty.
	pod, to, port string
	expectations  []expectation
	// asBefore says that the same may be seen without the page.
	asBefore bool
}

// services are the tutorials', in the namespace of the mesh.
var services = []string{"productpage", "reviews", "recommendation"}

// toVersion says whether this version answered.
func toVersion(version string) func(reply) bool {
	return func(r reply) bool { return r.status == 200 && r.arrived().Version == version }
}

var pages = []page{
	{
		file: "bookinfo-gateway", proxy: "gateway", marks: []string{"/api/v1/products", `"0.0.0.0_80"`}, to: "gateway", port: "80",
		expectations: []expectation{
			{what: "/productpage", requests: 50, with: 1, request: asks("bookinfo.example", "/productpage"), meets: fromBackend},
			{what: "/static/x.css", requests: 50, with: 1, request: asks("bookinfo.example", "/static/x.css"), meets: fromBackend},
			{what: "/productpage/x is no exact match", requests: 50, with: 1, request: asks("bookinfo.example", "/productpage/x"),
				meets: func(r reply) bool { return r.status == 404 }},
		},
	},
	{
		file: "bookinfo-user", proxy: "client", marks: []string{"outbound|9080|v2|reviews"}, pod: "client", to: "backend", port: "9080",
		expectations: []expectation{
			{what: "jason to v2", requests: 200, with: 1, request: asks("reviews", "/reviews/1", "end-user", "jason"), meets: toVersion("v2")},
			{what: "others to v1", requests: 200, with: 1, request: asks("reviews", "/reviews/1"), meets: toVersion("v1")},
		},
	},
	{
		file: "bookinfo-timeout", with: []string{"fault-injection/sidecar-inbound"}, proxy: "client", marks: []string{`"timeout": "0.500s"`},
		pod: "client", to: "backend", port: "9080",
		expectations: []expectation{
			// Envoy's timers end up to a millisecond or two before their time.
			{what: "jason's reviews time out, though ours holds them for 2 s", requests: 10, with: 1, request: asks("reviews", "/reviews/1", "end-user", "jason"),
				meets: func(r reply) bool {
					return r.status == 504 && r.took >= 490*time.Millisecond && r.took < 1900*time.Millisecond
				}},
			{what: "others' do not", requests: 50, with: 1, request: asks("reviews", "/reviews/1", "end-user", "jane"), meets: fromBackend},
		},
	},
	{
		file: "recommendation-90-10", proxy: "client", marks: []string{`"weight": 90`, "outbound|80|version-v2|recommendation"}, pod: "client", to: "backend", port: "80",
		expectations: []expectation{
			{what: "a tenth to v2", requests: 1000, with: 0.1, request: asks("recommendation", "/"), meets: toVersion("v2")},
		},
	},
	{
		file: "recommendation-safari", proxy: "client", marks: []string{".*Safari.*"}, pod: "client", to: "backend", port: "80",
		expectations: []expectation{
			{what: "Safari to v2", requests: 200, with: 1, meets: toVersion("v2"),
				request: asks("recommendation", "/", "baggage-user-agent", "Mozilla/5.0 (Macintosh) Version/17 Safari/605")},
			{what: "Firefox to v1", requests: 200, with: 1, meets: toVersion("v1"),
				request: asks("recommendation", "/", "baggage-user-agent", "Mozilla/5.0 (X11) Firefox/120")},
		},
	},
	{
		file: "recommendation-mirror", proxy: "client", marks: []string{"request_mirror_policies"}, pod: "client", to: "backend", port: "80",
		expectations: []expectation{
			{what: "v1 answers", requests: 200, with: 1, request: asks("recommendation", "/"), meets: toVersion("v1")},
		},
	},
	{
		file: "recommendation-retry", with: []string{"fault-injection/sidecar-inbound"}, proxy: "client", marks: []string{`"per_try_timeout": "2s"`},
		pod: "client", to: "backend", port: "80",
		expectations: []expectation{
			{what: "/ratings 503, half of all: Istio no longer retries a 503 of itself", requests: 1000, with: 0.5, request: asks("recommendation", "/ratings/1"),
				meets: func(r reply) bool { return r.status == 503 }},
		},
	},
	{
		file: "recommendation-retry-on", with: []string{"fault-injection/sidecar-inbound"}, proxy: "client", marks: []string{`"per_try_timeout": "2s"`, `"5xx"`},
		pod: "client", to: "backend", port: "80",
		expectations: []expectation{
			// Half of four tries in a row.
			{what: "/ratings 503 in spite of three retries, half of all tries being ours", requests: 1000, with: 0.0625, request: asks("recommendation", "/ratings/1"),
				meets: func(r reply) bool { return r.status == 503 }},
		},
	},
	{
		file: "recommendation-pool", with: []string{"fault-injection/sidecar-inbound"}, proxy: "client", marks: []string{`"max_pending_requests": 1`},
		pod: "client", to: "backend", port: "80",
		expectations: []expectation{
			// Of eight clients at a time one is served, for 2 s, and one waits.
			{what: "most of jason's slow requests are not let wait", requests: 8, with: 0.75, request: asks("recommendation", "/reviews/1", "end-user", "jason"),
				meets: func(r reply) bool { return r.status == 503 && r.headers.Get("x-envoy-overloaded") == "true" }},
		},
	},
	{
		file: "recommendation-random", proxy: "client", marks: []string{`"lb_policy": "RANDOM"`}, asBefore: true, pod: "client", to: "backend", port: "80",
		expectations: []expectation{
			{what: "half to v2", requests: 400, with: 0.5, request: asks("recommendation", "/"), meets: toVersion("v2")},
		},
	},
	{
		file: "recommendation-source-ip", proxy: "client", marks: []string{`"source_ip": true`}, pod: "client", to: "backend", port: "80",
		expectations: []expectation{
			{what: "all to the same", requests: 200, with: 1, request: asks("recommendation", "/"), among: sameVersion},
		},
	},
}

// asks is a request for a host of its own.
func asks(host, path string, headers ...string) func(int) *http.Request {
	return func(int) *http.Request {
		request := get(path, headers...)
		request.Host = host
		return request
	}
}

// TestTutorials serves the tutorials' own YAML next to our manifests.
func TestTutorials(t *testing.T) {
	objects := meshObjects(t)
	service := read(t, "testdata/tutorials/services.yaml")
	for _, name := range services {
		objects += "\n---\n" + strings.ReplaceAll(strings.ReplaceAll(service, "{{service}}", name), "{{labels}}", optIns(t))
	}
	m := startMesh(t, objects)
	var table figures
	shown := map[string]bool{"services.yaml": true}
	for _, p := range pages {
		shown[p.file+".yaml"] = true
		t.Run(p.file, func(t *testing.T) { m.show(t, p, &table) })
	}
	table.print(t)
	files, _ := filepath.Glob("testdata/tutorials/*")
	for _, file := range files {
		if !shown[filepath.Base(file)] {
			t.Errorf("%s is served by no test", file)
		}
	}
}

func (m *mesh) show(t *testing.T, p page, table *figures) {
	way := lane{pod: p.pod, to: p.to, port: p.port}
	own, err := parse(read(t, "testdata/tutorials/"+p.file+".yaml"))
	if err != nil {
		t.Fatal(err)
	}
	objects := inMesh(own)
	for _, manifest := range p.with {
		filter, kind, _ := strings.Cut(manifest, "/")
		ours, err := parse(kustomized(t, filter, kind))
		if err != nil {
			t.Fatal(err)
		}
		defer m.apply(t, manifest, whose(kind), []string{marked(filter, false)}, ours)()
	}
	if met := m.met(p, way, table); met && !p.asBefore {
		t.Errorf("%s: all is as expected before it is served", p.file)
	}
	defer m.apply(t, p.file, []string{p.proxy}, p.marks, objects)()
	before := m.second.Load()
	m.verify(t, p.file, way, p.expectations, true, table)
	if p.file == "recommendation-mirror" {
		m.verifyCopies(t, p, before, table)
	}
}

// met says whether everything is as expected already before the page is served.
func (m *mesh) met(p page, way lane, table *figures) bool {
	all := true
	for _, expected := range p.expectations {
		met, _ := m.observe(way, expected)
		table.rows = append(table.rows, fmt.Sprintf("| %s, before | %s | %d of %d | |", p.file, expected.what, met, expected.requests))
		all = all && within(met, expected.requests, expected.with)
	}
	return all
}

// verifyCopies looks at what the second version got: a copy of each request, for which nobody waits.
func (m *mesh) verifyCopies(t *testing.T, p page, before int64, table *figures) {
	requests := p.expectations[0].requests
	deadline := time.Now().Add(m.patience)
	copies := 0
	for copies < requests && time.Now().Before(deadline) {
		time.Sleep(10 * time.Millisecond)
		copies = int(m.second.Load() - before)
	}
	table.add(p.file, "copies to v2", copies, requests, 1)
	if copies != requests {
		t.Errorf("%d requests, %d copies", requests, copies)
	}
}

// inMesh puts a page's objects where the mesh is, whatever namespace its readers use; their short names
// of services are completed from it.
func inMesh(objects []config.Config) []config.Config {
	for i := range objects {
		objects[i].Namespace, objects[i].Domain = namespace, "cluster.local"
	}
	return objects
}

func read(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
