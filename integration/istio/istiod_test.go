package istio

import (
	"context"
	"fmt"
	"net"
	"strings"
	"testing"

	discovery "github.com/envoyproxy/go-control-plane/envoy/service/discovery/v3"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"istio.io/istio/pilot/pkg/config/kube/crd"
	"istio.io/istio/pilot/test/xds"
	"istio.io/istio/pkg/config"
	"istio.io/istio/pkg/config/schema/collections"
	"istio.io/istio/pkg/util/sets"
	"istio.io/istio/pkg/wasm"

	"ballast/integration/istio/internal/netns"
)

// extensionConfig is the type under which WasmPlugin and TrafficExtension reach a proxy.
const extensionConfig = "type.googleapis.com/envoy.config.core.v3.TypedExtensionConfig"

// istiod is Istio's own configuration generator, with the part of pilot-agent that pulls images
// between it and the proxies.
type istiod struct {
	*xds.FakeDiscoveryServer
	// address is where proxies in pods find it.
	address string
}

func startIstiod(t *testing.T, network *netns.Network, objects string) *istiod {
	t.Helper()
	server := xds.NewFakeDiscoveryServer(t, xds.FakeOptions{
		ConfigString:    objects,
		ListenerBuilder: func() (net.Listener, error) { return net.Listen("tcp4", "127.0.0.1:0") },
	})
	var listener net.Listener
	err := network.InHub(func() (err error) {
		listener, err = net.Listen("tcp4", netns.Hub+":0")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	connection, err := grpc.NewClient(server.Listener.Addr().String(),
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(64<<20)))
	if err != nil {
		t.Fatal(err)
	}
	cache := wasm.NewLocalFileCache(t.TempDir(), wasm.Options{
		InsecureRegistries: sets.New("*"), PurgeInterval: wasm.DefaultPurgeInterval,
	})
	agent := grpc.NewServer()
	discovery.RegisterAggregatedDiscoveryServiceServer(agent, &agentServer{
		istiod: discovery.NewAggregatedDiscoveryServiceClient(connection), cache: cache,
	})
	go func() { _ = agent.Serve(listener) }()
	t.Cleanup(func() {
		agent.Stop()
		connection.Close()
		cache.Cleanup()
	})
	return &istiod{server, listener.Addr().String()}
}

// agentServer does what pilot-agent does to the stream between a proxy and istiod.
type agentServer struct {
	discovery.UnimplementedAggregatedDiscoveryServiceServer
	istiod discovery.AggregatedDiscoveryServiceClient
	cache  wasm.Cache
}

func (a *agentServer) StreamAggregatedResources(proxy discovery.AggregatedDiscoveryService_StreamAggregatedResourcesServer) error {
	ctx, cancel := context.WithCancel(proxy.Context())
	defer cancel()
	istiod, err := a.istiod.StreamAggregatedResources(ctx)
	if err != nil {
		return err
	}
	go func() {
		defer cancel()
		for {
			request, err := proxy.Recv()
			if err != nil || istiod.Send(request) != nil {
				return
			}
		}
	}()
	for {
		response, err := istiod.Recv()
		if err != nil {
			return err
		}
		if response.TypeUrl == extensionConfig {
			// Pulls what is remote, checks it, and names the local file instead.
			if err := wasm.MaybeConvertWasmExtensionConfig(response.Resources, a.cache); err != nil {
				return err
			}
		}
		if err := proxy.Send(response); err != nil {
			return err
		}
	}
}

// ofEveryEnvoyFilter is the one warning that says nothing about the object.
const ofEveryEnvoyFilter = "EnvoyFilter exposes internal implementation details"

// parse reads objects as Istio's admission does: a warning of its validation is an error here.
func parse(objects string) ([]config.Config, error) {
	configs, others, err := crd.ParseInputs(objects)
	if err != nil {
		return nil, err
	}
	if len(others) > 0 {
		return nil, fmt.Errorf("istiod does not know %s", others[0].Kind)
	}
	for _, object := range configs {
		schema, found := collections.PilotGatewayAPI().FindByGroupVersionKind(object.GroupVersionKind)
		if !found {
			return nil, fmt.Errorf("istiod does not know %s", object.GroupVersionKind)
		}
		warning, err := schema.ValidateConfig(object)
		if err != nil {
			return nil, fmt.Errorf("istiod rejects %s %s: %w", object.GroupVersionKind.Kind, object.Name, err)
		}
		if warning != nil && !strings.HasPrefix(warning.Error(), ofEveryEnvoyFilter) {
			return nil, fmt.Errorf("istiod warns of %s %s: %w", object.GroupVersionKind.Kind, object.Name, warning)
		}
	}
	return configs, nil
}

// create serves the objects from now on, and returns what takes them back.
func (i *istiod) create(t *testing.T, objects []config.Config) (remove func()) {
	t.Helper()
	for _, object := range objects {
		if _, err := i.Store().Create(object); err != nil {
			t.Fatalf("%s %s: %v", object.GroupVersionKind.Kind, object.Name, err)
		}
	}
	return func() {
		for _, object := range objects {
			if err := i.Store().Delete(object.GroupVersionKind, object.Name, object.Namespace, nil); err != nil {
				t.Errorf("%s %s: %v", object.GroupVersionKind.Kind, object.Name, err)
			}
		}
	}
}
