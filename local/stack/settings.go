package stack

import (
	"slices"
	"strings"

	"leadrelay/internal/config"
)

// environ is the host's environment: what the caller gave, with our storage and keys above it and our demo settings
// below it, so that a caller may set other schedules, secrets and partners.
func (s *Stack) environ() []string {
	own := append(s.keys.settings(), "AzureWebJobsStorage="+s.azurite.ConnectionString(), "FUNCTIONS_WORKER_RUNTIME=custom")
	demo := []string{
		"DRAIN_SCHEDULE=*/10 * * * * *", "SWEEP_SCHEDULE=0 * * * * *",
		"PARTNER_CRF_SECRET=" + s.keys.CRF, "PARTNER_CREDZU_TOKEN=" + s.keys.Credzu,
		"PARTNER_CR3DENTIALS_HMAC_SECRET=" + s.keys.Cr3dentials, "PARTNER_REFERRAL_SVIX_SECRET=" + s.keys.Referral,
		"INBOX_DEMO_KIND=queue", "INBOX_DEMO_URL=" + s.lender.drain.Reveal(), "INBOX_DEMO_OVERFLOW_URL=" + s.lender.overflowed.Reveal(), "INBOX_DEMO_PARTNER=crf", "INBOX_DEMO_CRM=table",
	}
	if s.crm != nil {
		demo = append(append(demo, "INBOX_DEMO_CRM=demo"), s.crm.settings...)
	}
	return lastOf(slices.Concat(demo, s.opts.Environ, own))
}

// lastOf keeps of equal names the last, so that everybody who reads the settings sees the same: an empty one of the
// caller takes a demo setting away.
func lastOf(settings []string) []string {
	at := map[string]int{}
	for i, kv := range settings {
		name, _, _ := strings.Cut(kv, "=")
		at[name] = i
	}
	var out []string
	for i, kv := range settings {
		if name, _, _ := strings.Cut(kv, "="); at[name] == i {
			out = append(out, kv)
		}
	}
	return out
}

// partners says how each partner reaches us, from the settings as the handler will read them.
func (s *Stack) partners(url string) map[string]PartnerInfo {
	env := config.New(s.settings)
	out := map[string]PartnerInfo{}
	for _, name := range env.Names("PARTNER") {
		p := env.Instance("PARTNER", name)
		info := PartnerInfo{URL: url + "/webhooks/" + name, Secret: p.String("SECRET", ""), Token: p.String("TOKEN", ""),
			HMACSecret: p.String("HMAC_SECRET", ""), SvixSecret: p.String("SVIX_SECRET", "")}
		if info.Token != "" {
			info.URL += "/" + info.Token
		}
		if info.Secret != "" {
			info.Header = p.String("HEADER", defaultHeader(p.String("KIND", name)))
		}
		out[name] = info
	}
	return out
}

// defaultHeader is the header in which a kind of partner sends its secret unless a setting says otherwise.
func defaultHeader(kind string) string {
	if strings.EqualFold(kind, "cr3dentials") {
		return "secret"
	}
	return "X-Api-Key"
}
