// kubebox: etcd + kube-apiserver + kube-controller-manager in one process, loopback only.
package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"flag"
	"fmt"
	"math/big"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"crypto/tls"

	"go.etcd.io/etcd/server/v3/embed"
	logsapi "k8s.io/component-base/logs/api/v1"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
	kcm "k8s.io/kubernetes/cmd/kube-controller-manager/app"
)

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "kubebox:", err)
		os.Exit(1)
	}
}

func write(path, typ string, der []byte) {
	must(os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: typ, Bytes: der}), 0o600))
}

func key(path string) *ecdsa.PrivateKey {
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(err)
	der, err := x509.MarshalECPrivateKey(k)
	must(err)
	write(path, "EC PRIVATE KEY", der)
	return k
}

func cert(path string, tmpl, parent *x509.Certificate, pub *ecdsa.PublicKey, signer *ecdsa.PrivateKey) *x509.Certificate {
	tmpl.SerialNumber, _ = rand.Int(rand.Reader, big.NewInt(1<<62))
	tmpl.NotBefore, tmpl.NotAfter = time.Now().Add(-time.Hour), time.Now().Add(365*24*time.Hour)
	der, err := x509.CreateCertificate(rand.Reader, tmpl, parent, pub, signer)
	must(err)
	write(path, "CERTIFICATE", der)
	c, _ := x509.ParseCertificate(der)
	return c
}

func freePort() int {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(err)
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

func main() {
	dir := flag.String("dir", "", "data directory (empty = fresh temporary one)")
	port := flag.Int("port", 0, "apiserver port on 127.0.0.1 (0 = pick one)")
	controllers := flag.String("controllers", "*,-node-lifecycle-controller,-node-ipam-controller", "kube-controller-manager --controllers; empty = do not run it")
	kubelet := flag.Bool("fake-kubelet", true, "bind Pods to one pretended Node and report them Ready")
	extra := flag.String("apiserver-args", "", "extra kube-apiserver flags, space separated")
	flag.Parse()
	start := time.Now()
	if *dir == "" {
		d, err := os.MkdirTemp("", "kubebox-")
		must(err)
		*dir = d
	}
	must(os.MkdirAll(*dir, 0o700))
	p := func(n string) string { return filepath.Join(*dir, n) }
	if *port == 0 {
		*port = freePort()
	}

	// --- certificates
	caKey := key(p("ca.key"))
	ca := &x509.Certificate{Subject: pkix.Name{CommonName: "kubebox-ca"}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature}
	ca = cert(p("ca.crt"), ca, ca, &caKey.PublicKey, caKey)
	leaf := func(name string, org []string, usage x509.ExtKeyUsage) {
		k := key(p(name + ".key"))
		cert(p(name+".crt"), &x509.Certificate{Subject: pkix.Name{CommonName: name, Organization: org},
			KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{usage},
			DNSNames: []string{"localhost", "kubernetes.default.svc"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1), net.IPv4(10, 0, 0, 1)}},
			ca, &k.PublicKey, caKey)
	}
	leaf("apiserver", nil, x509.ExtKeyUsageServerAuth)
	leaf("admin", []string{"system:masters"}, x509.ExtKeyUsageClientAuth)
	leaf("system:kube-controller-manager", nil, x509.ExtKeyUsageClientAuth)
	key(p("sa.key"))
	var tok [24]byte
	rand.Read(tok[:])
	adminTok := base64.RawURLEncoding.EncodeToString(tok[:])
	// token,user,uid,groups: one admin token; a second, powerless user "agent" for RBAC tests
	rand.Read(tok[:])
	agentTok := base64.RawURLEncoding.EncodeToString(tok[:])
	must(os.WriteFile(p("tokens.csv"), []byte(adminTok+",kubebox-admin,1,system:masters\n"+agentTok+",agent,2,agents\n"), 0o600))

	server := fmt.Sprintf("https://127.0.0.1:%d", *port)
	b64 := func(n string) string {
		b, err := os.ReadFile(p(n))
		must(err)
		return base64.StdEncoding.EncodeToString(b)
	}
	// everything inline: kubernetes-mcp-server and some clients do not resolve relative file names
	kubeconfig := func(name, user string) {
		must(os.WriteFile(p(name), []byte(fmt.Sprintf(`apiVersion: v1
kind: Config
clusters: [{name: kubebox, cluster: {server: %q, certificate-authority-data: %s}}]
users: [{name: u, user: %s}]
contexts: [{name: kubebox, context: {cluster: kubebox, user: u}}]
current-context: kubebox
`, server, b64("ca.crt"), user)), 0o600))
	}
	byCert := func(n string) string {
		return fmt.Sprintf("{client-certificate-data: %s, client-key-data: %s}", b64(n+".crt"), b64(n+".key"))
	}
	kubeconfig("kubeconfig", byCert("admin"))
	kubeconfig("kubeconfig-token", fmt.Sprintf("{token: %q}", adminTok))
	kubeconfig("kubeconfig-agent", fmt.Sprintf("{token: %q}", agentTok))
	kubeconfig("kubeconfig-kcm", byCert("system:kube-controller-manager"))

	// --- etcd: loopback, no fsync (throw-away data)
	ec := embed.NewConfig()
	ec.Dir = p("etcd")
	cu, _ := url.Parse(fmt.Sprintf("http://127.0.0.1:%d", freePort()))
	pu, _ := url.Parse(fmt.Sprintf("http://127.0.0.1:%d", freePort()))
	ec.ListenClientUrls, ec.AdvertiseClientUrls = []url.URL{*cu}, []url.URL{*cu}
	ec.ListenPeerUrls, ec.AdvertisePeerUrls = []url.URL{*pu}, []url.URL{*pu}
	ec.InitialCluster = ec.InitialClusterFromName(ec.Name)
	ec.UnsafeNoFsync = true
	ec.LogLevel = "error"
	e, err := embed.StartEtcd(ec)
	must(err)
	<-e.Server.ReadyNotify()
	tEtcd := time.Since(start)

	// apiserver and controller-manager both "apply" logging; k3s uses the same switch
	logsapi.ReapplyHandling = logsapi.ReapplyHandlingIgnoreUnchanged
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()

	args := []string{
		"--etcd-servers=" + cu.String(),
		"--bind-address=127.0.0.1", "--advertise-address=127.0.0.1", fmt.Sprintf("--secure-port=%d", *port),
		"--endpoint-reconciler-type=none",
		"--tls-cert-file=" + p("apiserver.crt"), "--tls-private-key-file=" + p("apiserver.key"),
		"--client-ca-file=" + p("ca.crt"), "--token-auth-file=" + p("tokens.csv"),
		"--authorization-mode=RBAC", "--anonymous-auth=true",
		"--service-account-issuer=https://kubernetes.default.svc", "--service-account-key-file=" + p("sa.key"), "--service-account-signing-key-file=" + p("sa.key"),
		"--service-cluster-ip-range=10.0.0.0/16",
		"--enable-priority-and-fairness=false", "--watch-cache=true", "--profiling=false",
		"-v=0",
	}
	args = append(args, strings.Fields(*extra)...)
	a := apiserver.NewAPIServerCommand()
	a.SetArgs(args)
	errc := make(chan error, 2)
	go func() { errc <- a.ExecuteContext(ctx) }()

	caPEM, _ := os.ReadFile(p("ca.crt"))
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(caPEM)
	hc := &http.Client{Timeout: 2 * time.Second, Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}}}
	for {
		select {
		case err := <-errc:
			must(fmt.Errorf("apiserver ended: %v", err))
		default:
		}
		if r, err := hc.Get(server + "/readyz"); err == nil {
			r.Body.Close()
			if r.StatusCode == 200 {
				break
			}
		}
		time.Sleep(50 * time.Millisecond)
	}
	tAPI := time.Since(start)

	if *controllers != "" {
		c := kcm.NewControllerManagerCommand()
		c.SetArgs([]string{"--kubeconfig=" + p("kubeconfig-kcm"), "--leader-elect=false", "--secure-port=0",
			"--controllers=" + *controllers, "--use-service-account-credentials=true",
			"--service-account-private-key-file=" + p("sa.key"), "--root-ca-file=" + p("ca.crt"),
			"--cluster-signing-cert-file=" + p("ca.crt"), "--cluster-signing-key-file=" + p("ca.key"),
			"--namespace-sync-period=5s", "--concurrent-namespace-syncs=2", "-v=0"})
		go func() { errc <- c.ExecuteContext(ctx) }()
	}
	if *kubelet {
		must(fakeKubelet(ctx, p("kubeconfig"), 100*time.Millisecond))
	}
	fmt.Printf("kubebox ready dir=%s server=%s etcd_ms=%d apiserver_ms=%d\n", *dir, server, tEtcd.Milliseconds(), tAPI.Milliseconds())
	select {
	case <-ctx.Done(): // throw-away data: a graceful stop would take about 9 s
		os.Exit(0)
	case err := <-errc:
		fmt.Fprintln(os.Stderr, "kubebox: component ended:", err)
		os.Exit(1)
	}
}
