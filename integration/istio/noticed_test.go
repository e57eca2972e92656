package istio

import (
	"strings"
	"testing"
	"time"
)

// TestWhatIsWrongIsNoticed makes manifests wrong in each of the ways that the other tests are to find.
func TestWhatIsWrongIsNoticed(t *testing.T) {
	const filter = "fault-injection"
	good := kustomized(t, filter, "gateway")
	for _, wrong := range []struct{ what, from, to, complaint string }{
		{"a context that is none", "context: GATEWAY", "context: NOWHERE", "NOWHERE"},
		{"a field that Envoy has not", "failure_policy: FAIL_RELOAD", "failure_police: FAIL_RELOAD", "failure_police"},
		{"an operation that needs a match", "operation: INSERT_BEFORE", "operation: UNDO", "UNDO"},
	} {
		if _, err := parse(replaced(t, good, wrong.from, wrong.to)); err == nil || !strings.Contains(err.Error(), wrong.complaint) {
			t.Errorf("%s: %v", wrong.what, err)
		}
	}
	m := startMesh(t, meshObjects(t))
	for _, wrong := range []struct{ what, from, to, complaint string }{
		{"nobody's", "istio: ingressgateway", "istio: nobody", "present should be true"},
		{"for a listener of another kind", "context: GATEWAY", "context: SIDECAR_INBOUND", "present should be true"},
		{"before a filter that is not there", "name: envoy.filters.http.router", "name: envoy.filters.http.none", "present should be true"},
		{"a configuration that the filter refuses", "maxActiveFaults: 100", "maxActiveFalts: 100", "refuses what istiod serves"},
	} {
		objects, err := parse(replaced(t, good, wrong.from, wrong.to))
		if err != nil {
			t.Errorf("%s: %v", wrong.what, err)
			continue
		}
		remove := m.istiod.create(t, objects)
		m.patience = 5 * time.Second
		err = m.settle("gateway", true, marked(filter, false))
		if err == nil || !strings.Contains(err.Error(), wrong.complaint) {
			t.Errorf("%s: %v", wrong.what, err)
		}
		t.Logf("%s: %v", wrong.what, err)
		remove()
	}
}

// TestAnotherModuleIsNotLoaded changes the checksum: the agent puts a filter in its place that refuses.
func TestAnotherModuleIsNotLoaded(t *testing.T) {
	const filter = "fault-injection"
	good := kustomized(t, filter, "wasm-plugin")
	_, rest, _ := strings.Cut(good, "sha256: ")
	digest, _, _ := strings.Cut(rest, "\n")
	objects, err := parse(replaced(t, good, digest, strings.Repeat("a", len(digest))))
	if err != nil {
		t.Fatal(err)
	}
	m := startMesh(t, meshObjects(t))
	m.istiod.create(t, objects)
	m.await(t, "backend", marked(filter, true))
	way := lanes["inbound"]
	if answer := send(m.client(way), way, get("/products")); answer.status != 403 {
		t.Errorf("a module with another checksum: %+v", answer)
	}
}

func replaced(t *testing.T, text, from, to string) string {
	t.Helper()
	if !strings.Contains(text, from) {
		t.Fatalf("the manifest does not hold %q", from)
	}
	return strings.ReplaceAll(text, from, to)
}
