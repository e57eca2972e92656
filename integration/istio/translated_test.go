package istio

import (
	"fmt"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"istio.io/istio/pkg/config"
)

// translated is a page as `ballast translate` has carried it, and what its readers see then.
type translated struct {
	// workloads are the page's that the mesh plays, by pod: their labels.
	workloads map[string]map[string]string
	// proxy takes it over: then its configuration names all marks.
	proxy        string
	marks        []string
	way          lane
	expectations []expectation
	// on is a file of testdata with what the page's readers have applied before.
	on string
	// without are objects that need what is not here, and what that is.
	without map[string]string
}

// toService is the way from the client, through its sidecar, to a service of the pages.
var toService = lane{pod: "client", to: "backend", port: "80"}

// kubernetes are kinds that istiod gets from elsewhere; `translate` passes them on as they are.
var kubernetes = []string{"Ingress", "Service"}

// ofTheFilter says whether the fault filter answered with this status; the routes have no faults left.
func ofTheFilter(status int) func(reply) bool {
	return func(r reply) bool { return r.status == status && r.body == "fault filter abort" }
}

// after says whether the backend answered, and how long that took.
func after(least, most time.Duration) func(reply) bool {
	return func(r reply) bool { return fromBackend(r) && r.held(least) && r.took < most }
}

var translations = map[string]translated{
	"coolstore": {
		proxy: "client", marks: []string{"/fault_injection.wasm", "outbound|80|v1|inventory"}, way: toService,
		expectations: []expectation{
			{what: "half of inventory 500", requests: 400, with: 0.5, request: asks("inventory", "/"), meets: ofTheFilter(500)},
			{what: "catalog after 5 s", requests: 8, with: 1, request: asks("catalog", "/"), meets: after(5*time.Second, 7*time.Second)},
			{what: "others at once", requests: 50, with: 1, without: 1, request: asks("ratings", "/"), meets: after(0, time.Second)},
		},
	},
	"bookinfo": {
		proxy: "client", marks: []string{"/fault_injection.wasm", "outbound|80|v1|ratings"}, way: toService,
		expectations: []expectation{
			{what: "jason's ratings after 7 s", requests: 8, with: 1, request: asks("ratings", "/", "end-user", "jason"), meets: after(7*time.Second, 9*time.Second)},
			{what: "others' at once", requests: 50, with: 1, request: asks("ratings", "/"),
				meets: func(r reply) bool { return toVersion("v1")(r) && r.took < time.Second }},
		},
	},
	"bookinfo-abort": {
		on:    "bookinfo-rules.yaml",
		proxy: "client", marks: []string{"/fault_injection.wasm"}, way: toService,
		expectations: []expectation{
			{what: "jason's ratings 500", requests: 100, with: 1, request: asks("ratings", "/", "end-user", "jason"), meets: ofTheFilter(500)},
			{what: "others' come from v1", requests: 100, with: 1, request: asks("ratings", "/"), meets: toVersion("v1")},
		},
	},
	"bookinfo-v1alpha2": {
		workloads: map[string]map[string]string{"client": {"app": "reviews", "version": "v2"}},
		proxy:     "client", marks: []string{"/fault_injection.wasm", "outbound|80|v2|reviews"}, way: toService,
		expectations: []expectation{
			{what: "jason's ratings after 7 s", requests: 8, with: 1, request: asks("ratings", "/", "cookie", "a=b;user=jason"), meets: after(7*time.Second, 9*time.Second)},
			{what: "others' at once", requests: 50, with: 1, without: 1, request: asks("ratings", "/"), meets: after(0, time.Second)},
			{what: "jason's reviews from v2", requests: 100, with: 1, request: asks("reviews", "/reviews/1", "cookie", "user=jason"), meets: toVersion("v2")},
			{what: "half of others' from v1", requests: 400, with: 0.5, request: asks("reviews", "/reviews/1"), meets: toVersion("v1")},
		},
	},
	"recommendation": {
		proxy: "client", marks: []string{"/fault_injection.wasm", "outbound|80|app-recommendation|recommendation"}, way: toService,
		expectations: []expectation{
			{what: "half of recommendation 503", requests: 400, with: 0.5, request: asks("recommendation", "/"), meets: ofTheFilter(503)},
			{what: "half of Safari's preference after 7 s", requests: 24, with: 0.5, request: asks("preference", "/", "baggage-user-agent", "Safari/605"), meets: after(7*time.Second, 9*time.Second)},
			{what: "others' at once", requests: 50, with: 1, without: 1, request: asks("preference", "/"), meets: after(0, time.Second)},
		},
	},
	"sock-shop": {
		proxy: "client", marks: []string{"/fault_injection.wasm", "x-demo"}, way: toService,
		expectations: []expectation{
			{what: "/catalogue/size at once", requests: 50, with: 1, without: 1, request: asks("catalogue", "/catalogue/size"), meets: after(0, time.Second)},
			{what: "/catalogue after 2 s, with the page's header or 500", requests: 40, with: 1, request: asks("catalogue", "/catalogue/1"),
				meets: func(r reply) bool {
					return r.held(2*time.Second) && (ofTheFilter(500)(r) || r.arrived().Headers.Get("x-demo") == "sock-shop")
				}},
		},
	},
	// Stock Envoy has no labels of peers: nothing can be on the list, and nobody is denied by his.
	"recommendation-mixer": {
		workloads: map[string]map[string]string{"backend": {"app": "preference"}},
		proxy:     "backend", marks: []string{"/acl.wasm", "/rate_limit_quota.wasm"}, way: lanes["inbound"],
		expectations: []expectation{
			{what: "who has no label to look up is refused", requests: 100, with: 1, request: func(int) *http.Request { return get("/") },
				meets: func(r reply) bool {
					return r.status == 403 && strings.HasPrefix(r.body, "INVALID_ARGUMENT:preferencewhitelist.listchecker.tutorial:")
				}},
		},
	},
	"mixer-1-1": {
		workloads: map[string]map[string]string{"backend": {"app": "productpage"}},
		proxy:     "backend", marks: []string{"/rate_limit_quota.wasm"}, way: lanes["inbound"],
		expectations: []expectation{
			// A request costs 5, and 2 are all there is within 5 s.
			{what: "/productpage without a session", requests: 100, with: 1, request: func(int) *http.Request { return get("/productpage") },
				meets: func(r reply) bool { return r.status == 429 }},
			{what: "/productpage with a session", requests: 100, with: 1, without: 1, meets: fromBackend,
				request: func(int) *http.Request { return get("/productpage", "cookie", "session=1") }},
		},
	},
	"authorization": {
		workloads: map[string]map[string]string{"backend": {"app": "ratings"}},
		proxy:     "backend", marks: []string{"/acl.wasm"}, way: lanes["inbound"],
		without: map[string]string{"opa": "an external authorizer, in the configuration of the page's mesh"},
		expectations: []expectation{
			{what: "who has no identity is refused", requests: 100, with: 1, request: func(int) *http.Request { return get("/ratings/1") },
				meets: func(r reply) bool { return r.status == 403 }},
		},
	},
}

// TestTranslated serves all that `ballast translate` makes of the tutorials' pages, and holds what the
// pages say against traffic. A test of the tool holds that the files are what it makes.
func TestTranslated(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(root, "integration/ballast/tests/pages/*.translated"))
	if err != nil || len(files) < len(translations) {
		t.Fatalf("only %d pages: %v", len(files), err)
	}
	var table figures
	served := []string{"| page | object | |", "|---|---|---|"}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".translated")
		page, known := translations[name]
		if !known {
			t.Errorf("what %s does in traffic is not known here: give it a row", name)
			continue
		}
		t.Run(name, func(t *testing.T) {
			_, documents, _ := strings.Cut(read(t, file), "\n---\n")
			objects, rows := page.objects(t, name, documents)
			served = append(served, rows...)
			page.show(t, name, objects, &table)
		})
	}
	t.Log("\n" + strings.Join(served, "\n"))
	table.print(t)
}

// objects are those of the page that istiod serves, and a row for each that the page has.
func (page translated) objects(t *testing.T, name, documents string) (served []config.Config, rows []string) {
	t.Helper()
	for _, document := range strings.Split("\n"+documents, "\n---\n") {
		if kind := field(document, "\nkind: "); slices.Contains(kubernetes, kind) {
			rows = append(rows, fmt.Sprintf("| %s | %s %s | Kubernetes' own |", name, kind, field(document, "\n  name: ")))
			continue
		}
		objects, err := parse(document)
		if err != nil {
			t.Fatal(err)
		}
		for _, object := range objects {
			row := fmt.Sprintf("| %s | %s %s |", name, object.GroupVersionKind.Kind, object.Name)
			if why := page.without[object.Name]; why != "" {
				rows = append(rows, row+" not served: it needs "+why+" |")
				continue
			}
			rows, served = append(rows, row+" served |"), append(served, object)
		}
	}
	return served, rows
}

func (page translated) show(t *testing.T, name string, objects []config.Config, table *figures) {
	m := startMeshOf(t, page.services(t), page.workloads)
	before := false
	for _, expected := range page.expectations {
		met, _ := m.observe(page.way, expected)
		before = before || !within(met, expected.requests, expected.with)
	}
	if !before {
		t.Errorf("all is as expected before it is served")
	}
	defer m.apply(t, name, []string{page.proxy}, page.marks, inMesh(objects))()
	for proxy := range m.proxies {
		m.await(t, proxy)
	}
	m.verify(t, name, page.way, page.expectations, true, table)
	m.ensureUnharmed(t, page.proxy)
}

// services are those of all pages, and what its readers have applied before.
func (page translated) services(t *testing.T) string {
	objects := meshObjects(t)
	for pod, labels := range page.workloads {
		var own strings.Builder
		for name, value := range labels {
			fmt.Fprintf(&own, "%s: %s, ", name, value)
		}
		// istiod takes a workload's labels from the first service that has its address.
		objects = strings.ReplaceAll(objects, "labels: {app: "+pod+", ", "labels: {"+own.String())
	}
	if page.workloads["backend"] == nil {
		service := read(t, "testdata/tutorials/services.yaml")
		for _, name := range []string{"inventory", "catalog", "catalogue", "ratings", "reviews", "recommendation", "preference", "productpage"} {
			objects += "\n---\n" + strings.ReplaceAll(strings.ReplaceAll(service, "{{service}}", name), "{{labels}}", optIns(t))
		}
	}
	if page.on != "" {
		objects += "\n---\n" + read(t, "testdata/"+page.on)
	}
	return objects
}

// field is what follows a key in a document.
func field(document, key string) string {
	_, rest, _ := strings.Cut(document, key)
	value, _, _ := strings.Cut(rest, "\n")
	return value
}
