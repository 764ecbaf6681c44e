// The peer of tests/interop/ that is built on the modules github.com/openpcc/{ohttp,bhttp}: a client
// of Oblivious HTTP gateways, and a gateway resource in front of an origin. What it is told and what
// it prints: ../README.md.
package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"

	"github.com/cloudflare/circl/hpke"
	"github.com/openpcc/ohttp"
	"github.com/openpcc/ohttp/encoding/bhttp"
	"github.com/openpcc/twoway"
)

const (
	keysType = "application/ohttp-keys"
	keysPath = "/ohttp-keys"
	// To a path that ends so, servers add what Binary HTTP can carry besides an answer.
	extras = "/extras"
	// What the draft of chunked messages demands; the module's own default is a quarter of it.
	maxChunk = 16384
)

// --- the client

// outer sends the outer requests: with a token, and with their length, which the module does not know
// of chunked ones and gateways may want.
type outer struct {
	token string
}

func (o outer) RoundTrip(request *http.Request) (*http.Response, error) {
	request = request.Clone(request.Context())
	if o.token != "" {
		request.Header.Set("Authorization", "Bearer "+o.token)
	}
	if request.Body != nil {
		body, err := io.ReadAll(request.Body)
		if err != nil {
			return nil, err
		}
		request.Body, request.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	}
	return http.DefaultTransport.RoundTrip(request)
}

func fetchKeys(client *http.Client, url string) (ohttp.KeyConfig, error) {
	answer, err := client.Get(url)
	if err != nil {
		return ohttp.KeyConfig{}, err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK || answer.Header.Get("Content-Type") != keysType {
		return ohttp.KeyConfig{}, fmt.Errorf("no keys: status %d", answer.StatusCode)
	}
	encoded, err := io.ReadAll(answer.Body)
	if err != nil {
		return ohttp.KeyConfig{}, err
	}
	var configs ohttp.KeyConfigs
	if err := configs.UnmarshalBinary(encoded); err != nil {
		return ohttp.KeyConfig{}, err
	}
	if len(configs) == 0 {
		return ohttp.KeyConfig{}, errors.New("no keys")
	}
	return configs[0], nil
}

func printAnswer(answer *http.Response) error {
	// Read wholly first: trailers are known then, and nothing is printed of what was changed.
	content, err := io.ReadAll(answer.Body)
	if err != nil {
		return err
	}
	var out bytes.Buffer
	fmt.Fprintf(&out, "status %d\n", answer.StatusCode)
	for _, part := range []struct {
		kind   string
		fields http.Header
	}{{"field", answer.Header}, {"trailer", answer.Trailer}} {
		for name, values := range part.fields {
			for _, value := range values {
				fmt.Fprintf(&out, "%s %s: %s\n", part.kind, strings.ToLower(name), value)
			}
		}
	}
	out.WriteString("\n")
	out.Write(content)
	_, err = os.Stdout.Write(out.Bytes())
	return err
}

// runClient takes [--chunked] [--bearer TOKEN] KEYS_URL TARGET_URL METHOD URL [CONTENT_TYPE BODY_FILE].
func runClient(arguments []string) error {
	chunked := false
	token := ""
	for len(arguments) > 1 && strings.HasPrefix(arguments[0], "--") {
		switch arguments[0] {
		case "--chunked":
			chunked = true
		case "--bearer":
			token = arguments[1]
			arguments = arguments[1:]
		default:
			return errors.New("there is no " + arguments[0])
		}
		arguments = arguments[1:]
	}
	if len(arguments) != 4 && len(arguments) != 6 {
		return errors.New("an argument is missing")
	}
	client := &http.Client{
		Transport:     outer{token},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	keys, err := fetchKeys(client, arguments[0])
	if err != nil {
		return err
	}
	transport, err := ohttp.NewTransport(keys, arguments[1], ohttp.WithHTTPClient(client))
	if err != nil {
		return err
	}
	// The module takes a reader of nothing for content of unknown length, which it sends in chunks.
	var body io.Reader
	if len(arguments) == 6 {
		content, err := os.ReadFile(arguments[5])
		if err != nil {
			return err
		}
		if len(content) > 0 {
			body = bytes.NewReader(content)
		}
	}
	request, err := http.NewRequest(arguments[2], arguments[3], body)
	if err != nil {
		return err
	}
	if len(arguments) == 6 {
		request.Header.Set("Content-Type", arguments[4])
	}
	if chunked {
		if body == nil {
			request.Body = io.NopCloser(strings.NewReader(""))
		}
		request.ContentLength = -1
		request.TransferEncoding = []string{"chunked"}
	}
	answer, err := transport.RoundTrip(request)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	return printAnswer(answer)
}

// --- the server

type keyPairs []ohttp.KeyPair

// FindSecretKey makes a SecretKeyFinder of several pairs.
func (k keyPairs) FindSecretKey(ctx context.Context, header twoway.RequestHeader) (ohttp.SecretKeyInfo, error) {
	for _, pair := range k {
		if info, err := pair.FindSecretKey(ctx, header); err == nil {
			return info, nil
		}
	}
	return ohttp.SecretKeyInfo{}, errors.New("an unknown key")
}

func makeKeys() (keyPairs, []byte, error) {
	var algorithms []ohttp.SymmetricAlgorithm
	for _, kdf := range []hpke.KDF{hpke.KDF_HKDF_SHA256, hpke.KDF_HKDF_SHA512} {
		for _, aead := range []hpke.AEAD{hpke.AEAD_AES128GCM, hpke.AEAD_AES256GCM, hpke.AEAD_ChaCha20Poly1305} {
			algorithms = append(algorithms, ohttp.SymmetricAlgorithm{KDFID: kdf, AEADID: aead})
		}
	}
	var pairs keyPairs
	var configs ohttp.KeyConfigs
	for i, kem := range []hpke.KEM{hpke.KEM_X25519_HKDF_SHA256, hpke.KEM_P256_HKDF_SHA256} {
		seed := make([]byte, kem.Scheme().SeedSize())
		if _, err := rand.Read(seed); err != nil {
			return nil, nil, err
		}
		public, secret := kem.Scheme().DeriveKeyPair(seed)
		config := ohttp.KeyConfig{KeyID: byte(11 + i), KemID: kem, PublicKey: public, SymmetricAlgorithms: algorithms}
		pairs = append(pairs, ohttp.KeyPair{SecretKey: secret, KeyConfig: config})
		configs = append(configs, config)
	}
	encoded, err := configs.MarshalBinary()
	return pairs, encoded, err
}

// askOrigin answers what was opened.
func askOrigin(origin string, chunked bool) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, inner *http.Request) {
		refuse := func(err error) {
			fmt.Fprintln(os.Stderr, err)
			w.WriteHeader(http.StatusBadGateway)
		}
		// What was changed shows in the body, as it is read: then nobody is asked.
		content, err := io.ReadAll(inner.Body)
		if err != nil {
			refuse(err)
			return
		}
		request, err := http.NewRequest(inner.Method, origin+inner.URL.RequestURI(), bytes.NewReader(content))
		if err != nil {
			refuse(err)
			return
		}
		if kind := inner.Header.Get("Content-Type"); kind != "" {
			request.Header.Set("Content-Type", kind)
		}
		answer, err := http.DefaultTransport.RoundTrip(request)
		if err != nil {
			refuse(err)
			return
		}
		defer answer.Body.Close()
		w.Header().Set("Content-Type", answer.Header.Get("Content-Type"))
		// The module sends trailers in chunked answers only.
		hasExtras := chunked && strings.HasSuffix(inner.URL.Path, extras)
		if hasExtras {
			w.Header().Set("Trailer", "X-Extra")
		}
		// Whether a length is given decides how the module encodes an answer.
		if !chunked {
			w.Header().Set("Content-Length", fmt.Sprint(answer.ContentLength))
		}
		w.WriteHeader(answer.StatusCode)
		if chunked {
			w.(http.Flusher).Flush()
		}
		if _, err := io.Copy(w, answer.Body); err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
		if hasExtras {
			w.Header().Set("X-Extra", "after")
		}
	})
}

func runServer(origin string) error {
	pairs, encoded, err := makeKeys()
	if err != nil {
		return err
	}
	decoder, err := bhttp.NewRequestDecoder(bhttp.MaxRequestChunkLen(maxChunk))
	if err != nil {
		return err
	}
	gateway, err := ohttp.NewGateway(pairs, ohttp.WithRequestDecoder(decoder), ohttp.WithRequestValidator(nil))
	if err != nil {
		return err
	}
	whole := ohttp.Middleware(gateway, askOrigin(origin, false))
	chunked := ohttp.Middleware(gateway, askOrigin(origin, true))
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path == keysPath:
			w.Header().Set("Content-Type", keysType)
			w.Write(encoded)
		case r.Header.Get("Content-Type") == ohttp.ChunkedRequestMediaType:
			chunked.ServeHTTP(w, r)
		default:
			whole.ServeHTTP(w, r)
		}
	})
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Printf("http://%s\n", listener.Addr())
	return http.Serve(listener, handler)
}

func main() {
	err := errors.New("client or server, see README.md")
	switch {
	case len(os.Args) > 2 && os.Args[1] == "client":
		err = runClient(os.Args[2:])
	case len(os.Args) == 3 && os.Args[1] == "server":
		err = runServer(os.Args[2])
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
