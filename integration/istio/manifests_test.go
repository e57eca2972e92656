package istio

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
)

// filters are the folders of all filters.
func filters(t *testing.T) []string {
	t.Helper()
	modules, err := filepath.Glob(filepath.Join(root, "filters/*/wasm/Cargo.toml"))
	if err != nil || len(modules) == 0 {
		t.Fatalf("no filters in %s: %v", root, err)
	}
	var names []string
	for _, module := range modules {
		names = append(names, filepath.Base(filepath.Dir(filepath.Dir(module))))
	}
	return names
}

// kustomized is a manifest as a user of kustomize gets it: a folder of target/istio, in a namespace.
func kustomized(t *testing.T, filter, kind string) string {
	t.Helper()
	overlay, err := os.MkdirTemp(filepath.Join(root, "target"), "overlay-")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(overlay)
	text := fmt.Sprintf("namespace: %s\nresources: [../istio/%s/%s]\n", namespace, filter, kind)
	if err := os.WriteFile(filepath.Join(overlay, "kustomization.yaml"), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	resources, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(filesys.MakeFsOnDisk(), overlay)
	if err != nil {
		t.Fatalf("%s/%s: %v; `make manifests` writes it", filter, kind, err)
	}
	yaml, err := resources.AsYaml()
	if err != nil {
		t.Fatal(err)
	}
	return strings.ReplaceAll(string(yaml), placeholder, registryAddress(t))
}
