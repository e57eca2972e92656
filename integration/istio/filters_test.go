package istio

import (
	"strings"
	"testing"

	"istio.io/istio/pkg/config"
)

// placement is where a manifest puts a filter, and the way to it.
type placement struct {
	// kind is the manifest's folder, proxy whom it is for, lane the way that passes it.
	kind, proxy, lane string
	// plugin says that the filter arrives as an extension of its own, named by the object.
	plugin bool
}

var placements = []placement{
	{kind: "sidecar-inbound", proxy: "backend", lane: "inbound"},
	{kind: "sidecar-outbound", proxy: "client", lane: "outbound"},
	{kind: "gateway", proxy: "gateway", lane: "gateway"},
	{kind: "wasm-plugin", plugin: true},
	{kind: "traffic-extension", plugin: true},
}

// forMode fills in what a plugin's object says itself: whose traffic it sees.
func (p placement) forMode(objects string) placement {
	if !p.plugin {
		return p
	}
	p.proxy, p.lane = "backend", "inbound"
	if !strings.Contains(objects, "mode: SERVER") {
		p.proxy, p.lane = "client", "outbound"
	}
	return p
}

// TestFilters puts every filter everywhere, and holds its expectations against traffic: before, with,
// and after the manifest.
func TestFilters(t *testing.T) {
	m := startMesh(t, meshObjects(t))
	var table figures
	for _, filter := range filters(t) {
		expectations, through := lineupOf(t, filter)
		for _, place := range placements {
			t.Run(filter+"/"+place.kind, func(t *testing.T) {
				m.place(t, filter, place, expectations, &table)
			})
		}
		if through != nil {
			for _, kinds := range [][]string{{"sidecar-inbound", "sidecar-outbound"}, {"wasm-plugin"}, {"traffic-extension"}} {
				name := filter + "/through/" + strings.Join(kinds, "+")
				t.Run(name, func(t *testing.T) { m.placeAround(t, filter, kinds, through, &table) })
			}
		}
		t.Run(filter+"/per-route", func(t *testing.T) { m.placePerRoute(t, filter, expectations, &table) })
	}
	table.print(t)
}

func (m *mesh) place(t *testing.T, filter string, place placement, expectations []expectation, table *figures) {
	yaml := kustomized(t, filter, place.kind)
	place = place.forMode(yaml)
	objects, err := parse(yaml)
	if err != nil {
		t.Fatal(err)
	}
	way := m.fresh(lanes[place.lane])
	name := filter + "/" + place.kind
	m.verify(t, name+", before", way, expectations, false, table)
	defer m.apply(t, name, whose(place.kind), []string{marked(filter, place.plugin)}, objects)()
	m.verify(t, name, way, expectations, true, table)
	m.ensureUnharmed(t, place.proxy)
}

// sidecars are the proxies of the workloads that ask for every filter.
var sidecars = []string{"backend", "client"}

// whose are the proxies that a kind of manifest is for.
func whose(kind string) []string {
	if kind == "gateway" {
		return []string{"gateway"}
	}
	return sidecars
}

// apply serves objects and waits until every one of the proxies has taken them over; what it returns
// takes them back, and waits for that.
func (m *mesh) apply(t *testing.T, name string, proxies, marks []string, objects []config.Config) (takeBack func()) {
	t.Helper()
	remove := m.istiod.create(t, objects)
	takeBack = func() {
		t.Helper()
		remove()
		for _, proxy := range proxies {
			if err := m.settle(proxy, false, marks...); err != nil {
				t.Errorf("%s is taken back: %v", name, err)
			}
		}
	}
	for _, proxy := range proxies {
		if err := m.settle(proxy, true, marks...); err != nil {
			takeBack()
			t.Fatalf("%s changes nothing: %v", name, err)
		}
	}
	return takeBack
}

// placeAround puts a filter on both sides of the client's application.
func (m *mesh) placeAround(t *testing.T, filter string, kinds []string, expectations []expectation, table *figures) {
	way := m.fresh(lanes["through"])
	name := filter + "/through/" + strings.Join(kinds, "+")
	m.verify(t, name+", before", way, expectations, false, table)
	marks := []string{strings.ReplaceAll(filter, "-", "_") + "_inbound", strings.ReplaceAll(filter, "-", "_") + "_outbound"}
	var objects []config.Config
	for _, kind := range kinds {
		more, err := parse(kustomized(t, filter, kind))
		if err != nil {
			t.Fatal(err)
		}
		objects = append(objects, more...)
	}
	defer m.apply(t, name, sidecars, marks, objects)()
	m.verify(t, name, way, expectations, true, table)
	m.ensureUnharmed(t, "client")
}

// placePerRoute switches the filter on for one of the gateway's routes, and looks at both.
func (m *mesh) placePerRoute(t *testing.T, filter string, expectations []expectation, table *figures) {
	objects, err := parse(kustomized(t, filter, "per-route"))
	if err != nil {
		t.Fatal(err)
	}
	on := m.fresh(lanes["gateway"])
	off := on
	on.host = "with-" + filter + ".example"
	name := filter + "/per-route"
	m.verify(t, name+", before", on, expectations, false, table)
	marks := []string{marked(filter, false), "envoy.config.route.v3.FilterConfig"}
	defer m.apply(t, name, []string{"gateway"}, marks, objects)()
	m.verify(t, name+", its route", on, expectations, true, table)
	m.verify(t, name+", other routes", off, expectations, false, table)
	m.ensureUnharmed(t, "gateway")
}

// marked is what a proxy's configuration holds when the filter has arrived.
func marked(filter string, plugin bool) string {
	if plugin {
		return "extensions.istio.io/trafficextension/" + namespace + "." + filter
	}
	return "/" + strings.ReplaceAll(filter, "-", "_") + ".wasm"
}

// ensureUnharmed fails if a module trapped, or Envoy had to make a VM anew.
func (m *mesh) ensureUnharmed(t *testing.T, proxy string) {
	t.Helper()
	log := m.proxies[proxy].Log()
	if strings.Contains(log, "Function: proxy_") || strings.Contains(log, "wasm trap") {
		t.Errorf("a module trapped in %s's Envoy:\n%s", proxy, log)
	}
}

// meshObjects are the services of the mesh, and a route of the gateway for every filter.
func meshObjects(t *testing.T) string {
	t.Helper()
	objects := strings.ReplaceAll(read(t, "testdata/mesh.yaml"), "{{labels}}", optIns(t))
	route := read(t, "testdata/route.yaml")
	for _, filter := range filters(t) {
		objects += "\n---\n" + strings.ReplaceAll(route, "{{filter}}", filter)
	}
	return objects
}

// optIns are the labels by which a workload asks for every filter.
func optIns(t *testing.T) string {
	t.Helper()
	var labels []string
	for _, filter := range filters(t) {
		labels = append(labels, "ballast/"+filter+": enabled")
	}
	return strings.Join(labels, ", ")
}
