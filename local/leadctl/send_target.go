package main

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/pflag"

	"leadrelay/internal/config"
	"leadrelay/local/play"
	"leadrelay/local/stack"
)

// targetFlags say where a partner posts and what it knows. Secrets are read from the environment too.
type targetFlags struct {
	url, name, header                     string
	secret, token, hmacSecret, svixSecret string
}

func (t *targetFlags) add(flags *pflag.FlagSet, p play.Partner) {
	flags.StringVar(&t.url, "url", "", "the webhook URL (default: that of the running leadctl up)")
	flags.StringVar(&t.name, "as", p.Kind, "the partner's name in the running stack")
	flags.StringVar(&t.header, "header", cmp.Or(p.Header, "X-Api-Key"), "the header that carries --secret")
	t.addSecrets(flags)
}

func (t *targetFlags) addSecrets(flags *pflag.FlagSet) {
	flags.StringVar(&t.secret, "secret", "", "the value of a static header (else LEADCTL_SECRET)")
	flags.StringVar(&t.token, "token", "", "the secret end of the URL's path (else LEADCTL_TOKEN)")
	flags.StringVar(&t.hmacSecret, "hmac-secret", "", "signs x-webhook-signature (else LEADCTL_HMAC_SECRET)")
	flags.StringVar(&t.svixSecret, "svix-secret", "", "signs as Svix and Standard Webhooks do, whsec_… (else LEADCTL_SVIX_SECRET)")
}

// fill takes what no flag said from the environment.
func (t *targetFlags) fill() {
	t.secret = cmp.Or(t.secret, os.Getenv("LEADCTL_SECRET"))
	t.token = cmp.Or(t.token, os.Getenv("LEADCTL_TOKEN"))
	t.hmacSecret = cmp.Or(t.hmacSecret, os.Getenv("LEADCTL_HMAC_SECRET"))
	t.svixSecret = cmp.Or(t.svixSecret, os.Getenv("LEADCTL_SVIX_SECRET"))
}

// endpoint is the named URL, else the partner's of the running stack.
func (t *targetFlags) endpoint(p play.Partner) (play.Endpoint, error) {
	if t.url == "" {
		r, err := findRunning()
		if err != nil {
			return play.Endpoint{}, fmt.Errorf("no target: give --url, or start `leadctl up` (%w)", err)
		}
		name := cmp.Or(t.name, p.Kind)
		info, ok := r.Info.Partners[name]
		if !ok {
			return play.Endpoint{}, fmt.Errorf("the running stack has no partner %q", name)
		}
		return endpointOf(info), nil
	}
	t.fill()
	e := play.Endpoint{URL: config.Secret(t.url), Header: t.header, Secret: config.Secret(t.secret), HMACSecret: config.Secret(t.hmacSecret),
		SvixSecret: config.Secret(t.svixSecret), Client: play.NewClient()}
	if t.token != "" {
		if strings.ContainsAny(t.url, "?#") {
			return play.Endpoint{}, errors.New("--token is the end of a path: the URL may have no query")
		}
		e.URL = config.Secret(strings.TrimSuffix(t.url, "/") + "/" + t.token)
	}
	return e, e.Check()
}

// endpointOf is how a partner reaches a running stack.
func endpointOf(i stack.PartnerInfo) play.Endpoint {
	return play.Endpoint{URL: config.Secret(i.URL), Header: i.Header, Secret: config.Secret(i.Secret), HMACSecret: config.Secret(i.HMACSecret),
		SvixSecret: config.Secret(i.SvixSecret), Client: play.NewClient()}
}
