// Package istio runs the manifests of envoy-configs/istio: Istio's own configuration generator serves
// them to stock Envoy as gateway and as sidecars, in network namespaces with Istio's redirection.
//
// `make test-istio` builds what it needs and starts it; README.md says what is tested.
package istio

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"
	"istio.io/istio/pkg/log"
)

// root is the checkout.
var root = func() string {
	folder, _ := filepath.Abs("../..")
	return folder
}()

// settings are read when Istio's packages are initialised, so they have to be there before.
var settings = map[string]string{
	// Extensions of Istio's own Envoy, which stock Envoy lacks.
	"PILOT_ENABLE_METADATA_EXCHANGE": "false",
	"PILOT_ENABLE_ALPN_FILTER":       "false",
}

func TestMain(m *testing.M) {
	missing := false
	for name, value := range settings {
		if os.Getenv(name) != value {
			missing = true
			os.Setenv(name, value)
		}
	}
	if missing {
		err := unix.Exec("/proc/self/exe", os.Args, os.Environ())
		fmt.Fprintln(os.Stderr, "starting anew with Istio's settings:", err)
		os.Exit(1)
	}
	for _, scope := range log.Scopes() {
		scope.SetOutputLevel(log.ErrorLevel)
	}
	os.Exit(m.Run())
}

// envoyBinary is the stock Envoy that `make test-istio` has fetched.
func envoyBinary(t *testing.T) string {
	t.Helper()
	binary := os.Getenv("ENVOY_BIN")
	if binary == "" {
		t.Fatal("ENVOY_BIN names no Envoy; `make test-istio` does")
	}
	return binary
}
