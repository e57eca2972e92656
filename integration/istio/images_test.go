package istio

import (
	"bytes"
	"context"
	"io"
	"log"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-containerregistry/pkg/crane"
	"github.com/google/go-containerregistry/pkg/registry"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"istio.io/istio/pkg/wasm"
)

// placeholder is the registry that the manifests name.
const placeholder = "registry.example/ballast"

// registryAddress is a registry with all images, which `make images` has written. It lives as long as
// the tests do.
func registryAddress(t *testing.T) string {
	t.Helper()
	address, err := pushed()
	if err != nil {
		t.Fatal(err)
	}
	return address
}

var pushed = sync.OnceValues(func() (string, error) {
	server := httptest.NewServer(registry.New(registry.Logger(log.New(io.Discard, "", 0))))
	address := strings.TrimPrefix(server.URL, "http://") + "/ballast"
	images, err := filepath.Glob(filepath.Join(root, "target/images/*/index.json"))
	if err != nil {
		return "", err
	}
	for _, index := range images {
		folder := filepath.Dir(index)
		if err := push(folder, address+"/"+filepath.Base(folder)); err != nil {
			return "", err
		}
	}
	return address, nil
})

// push puts the one image of a layout into a registry, under the tag that the layout says.
func push(folder, repository string) error {
	index, err := layout.ImageIndexFromPath(folder)
	if err != nil {
		return err
	}
	manifest, err := index.IndexManifest()
	if err != nil {
		return err
	}
	for _, descriptor := range manifest.Manifests {
		image, err := index.Image(descriptor.Digest)
		if err != nil {
			return err
		}
		tag := descriptor.Annotations["org.opencontainers.image.ref.name"]
		if err := crane.Push(image, repository+":"+tag, crane.Insecure); err != nil {
			return err
		}
	}
	return nil
}

// TestIstioPullsTheVeryModules pulls every image in both forms as Istio's agent does.
func TestIstioPullsTheVeryModules(t *testing.T) {
	address := registryAddress(t)
	for _, filter := range filters(t) {
		name := strings.ReplaceAll(filter, "-", "_")
		module, err := os.ReadFile(filepath.Join(root, "target/filters", name+".wasm"))
		if err != nil {
			t.Fatal(err)
		}
		for _, repository := range []string{name, name + "-artifact"} {
			fetcher := wasm.NewImageFetcher(context.Background(), wasm.ImageFetcherOption{Insecure: true})
			fetch, digest, err := fetcher.PrepareFetch(address + "/" + repository + ":" + version(t))
			if err != nil {
				t.Fatal(err)
			}
			pulled, err := fetch()
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(pulled, module) {
				t.Errorf("%s: %d bytes were pulled, which are not the %d of the module", repository, len(pulled), len(module))
			}
			t.Logf("%s@sha256:%s: the %d bytes of target/filters/%s.wasm", repository, digest, len(pulled), name)
			if plugin := kustomized(t, filter, "wasm-plugin"); repository == name && !strings.Contains(plugin, digest) {
				t.Errorf("%s: the manifest does not name the digest; run `make manifests`", filter)
			}
		}
	}
}

// version is the workspace's, which tags the images.
func version(t *testing.T) string {
	t.Helper()
	manifest, err := os.ReadFile(filepath.Join(root, "Cargo.toml"))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(manifest), "\n[workspace.package]\nversion = \"")
	tag, _, found := strings.Cut(rest, "\"")
	if !found {
		t.Fatal("no version in Cargo.toml")
	}
	return tag
}
