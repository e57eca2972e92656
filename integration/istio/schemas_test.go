package istio

import (
	"encoding/json"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"istio.io/istio/pkg/config/crd"
)

// gateway is the release of Envoy Gateway whose schemas hold. It is fetched as a module, and verified
// as one, but is no dependency: it would change the versions that istiod is built from.
const gateway = "github.com/envoyproxy/gateway@v1.9.1"

// TestSchemas holds every manifest against the schema of its kind: types, patterns, rules, and no
// field that the kind has not.
func TestSchemas(t *testing.T) {
	validator, err := crd.NewValidatorFromFiles(
		filepath.Join(moduleFolder(t, "list", "-m", "-json", "istio.io/istio"), "manifests/charts/base/files/crd-all.gen.yaml"),
		filepath.Join(moduleFolder(t, "mod", "download", "-json", gateway),
			"charts/gateway-helm/charts/crds/crds/generated/gateway.envoyproxy.io_envoyextensionpolicies.yaml"),
	)
	if err != nil {
		t.Fatal(err)
	}
	checked := 0
	for _, filter := range filters(t) {
		kinds, err := filepath.Glob(filepath.Join(root, "target/istio", filter, "*"))
		if err != nil || len(kinds) < 7 {
			t.Fatalf("%s has %d manifests (%v); run `make manifests`", filter, len(kinds), err)
		}
		for _, kind := range kinds {
			text := kustomized(t, filter, filepath.Base(kind))
			if err := validator.ValidateCustomResourceYAML(text, nil); err != nil {
				t.Errorf("%s: %v", kind, err)
			}
			wrong := strings.Replace(text, "\nspec:\n", "\nspec:\n  ballast: {}\n", 1)
			if validator.ValidateCustomResourceYAML(wrong, nil) == nil {
				t.Errorf("%s: a field that the kind has not is not noticed", kind)
			}
			checked++
		}
	}
	t.Logf("%d manifests keep the schemas of Istio and Envoy Gateway", checked)
}

// moduleFolder is where Go keeps a module, as one of its commands says.
func moduleFolder(t *testing.T, arguments ...string) string {
	t.Helper()
	output, err := exec.Command("go", arguments...).Output()
	var module struct{ Dir string }
	if err == nil {
		err = json.Unmarshal(output, &module)
	}
	if err != nil || module.Dir == "" {
		t.Fatalf("go %s: %v", strings.Join(arguments, " "), err)
	}
	return module.Dir
}
