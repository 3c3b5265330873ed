package azure

import (
	"fmt"
	"strings"
	"time"

	"leadrelay/internal/lead"
)

// Purpose is what a SAS is meant for.
type Purpose uint8

// The two purposes.
const (
	Deliver Purpose = iota + 1 // put events in: a on a queue; c or w on a container
	Drain                      // take events out: p on a queue (u renews leases, r counts); r, l and d on a container
)

// Level says how much a [Finding] matters.
type Level uint8

// The levels.
const (
	OK Level = iota
	Warning
	Fault // it does not work now
)

func (l Level) String() string { return [...]string{"ok", "warning", "fault"}[l] }

// MarshalText is String.
func (l Level) MarshalText() ([]byte, error) { return []byte(l.String()), nil }

// Finding is one thing to say about a SAS. Its text holds no value of the query but times and permission letters.
type Finding struct {
	Level Level  `json:"level"`
	Text  string `json:"text"`
}

// warnBefore is how long before its end a SAS is warned about.
const warnBefore = 30 * 24 * time.Hour

// Judge says what is good and bad about the SAS at a time, without any call: everything here can be read in the URL
// (facts/azure-storage.md §1a, §1b). At least one finding is a [Fault] exactly when [SAS.Usable] is an error.
func (s SAS) Judge(p Purpose, now time.Time) []Finding {
	if s.secret == nil {
		return []Finding{{Fault, "there is no address"}}
	}
	var f findings
	s.judgeTime(&f, now)
	s.judgePermissions(&f, p)
	s.judgeReach(&f)
	return f
}

// Usable is nil when Judge finds no fault, else an error of kind Address with the first of them.
func (s SAS) Usable(p Purpose, now time.Time) error { return s.first(s.Judge(p, now)) }

// Live is nil at a time within the life of the SAS, else an error of kind Address. Whether it serves a purpose in its life,
// [SAS.Fits] says once and for all.
func (s SAS) Live(now time.Time) error {
	ends, known := s.Expires()
	if !now.Before(s.secret().starts) && (!known || now.Before(ends)) {
		return nil
	}
	var f findings
	s.judgeTime(&f, now)
	return s.first(f)
}

// Fits is nil when the SAS could serve the purpose at some time, else an error of kind Address: what is wrong with it
// will never pass.
func (s SAS) Fits(p Purpose) error {
	if s.secret == nil {
		return s.first(s.Judge(p, time.Time{}))
	}
	var f findings
	s.judgePermissions(&f, p)
	s.judgeReach(&f)
	return s.first(f)
}

func (s SAS) first(found []Finding) error {
	for _, f := range found {
		if f.Level == Fault {
			return lead.Errorf(lead.Address, "the SAS of %s%s %s", s.host, s.path, f.Text)
		}
	}
	return nil
}

type findings []Finding

func (f *findings) add(l Level, format string, args ...any) {
	*f = append(*f, Finding{l, fmt.Sprintf(format, args...)})
}

func (s SAS) judgeTime(f *findings, now time.Time) {
	if at := s.secret().starts; now.Before(at) {
		f.add(Fault, "is not valid before %s", at.Format(time.RFC3339))
	}
	at, known := s.Expires()
	switch left := at.Sub(now); {
	case !known:
		f.add(Warning, "ends when a stored access policy says so, which cannot be seen here")
	case left <= 0:
		f.add(Fault, "has expired on %s", at.Format(time.RFC3339))
	case left < warnBefore:
		f.add(Warning, "expires in %s, on %s", days(left), at.Format(time.RFC3339))
	default:
		f.add(OK, "is valid for %s, until %s", days(left), at.Format(time.RFC3339))
	}
}

func days(d time.Duration) string {
	switch n := int(d / (24 * time.Hour)); n {
	case 0:
		return "less than a day"
	case 1:
		return "1 day"
	default:
		return fmt.Sprintf("%d days", n)
	}
}

// need is what a purpose asks of sp: every letter of all, one of any, and what each letter of better is good for.
type need struct {
	all, any string
	better   map[string]string
}

func needs(kind ServiceKind, p Purpose) need {
	switch {
	case kind == Queue && p == Deliver:
		return need{all: "a"}
	case kind == Queue:
		return need{all: "p", better: map[string]string{"u": "to renew leases and to give messages back early", "r": "to count what waits"}}
	case p == Deliver:
		return need{any: "cw"}
	default:
		return need{all: "rld", better: map[string]string{"w": "to count tries and move what is settled", "c": "to move what is settled"}}
	}
}

func (s SAS) judgePermissions(f *findings, p Purpose) {
	has := s.secret().permissions
	if has == "" {
		f.add(Warning, "grants what a stored access policy says, which cannot be seen here")
		return
	}
	n := needs(s.kind, p)
	fits := true
	for _, letter := range strings.Split(n.all, "") {
		if !strings.Contains(has, letter) {
			f.add(Fault, "lacks the permission %s", letter)
			fits = false
		}
	}
	if n.any != "" && !strings.ContainsAny(has, n.any) {
		f.add(Fault, "lacks the permission %s", strings.Join(strings.Split(n.any, ""), " or "))
		fits = false
	}
	for _, letter := range []string{"u", "r"} {
		if why := n.better[letter]; why != "" && !strings.Contains(has, letter) {
			f.add(Warning, "lacks the permission %s, %s", letter, why)
		}
	}
	if more := beyond(has, n); more != "" {
		f.add(Warning, "grants more than is needed: %s", more)
	} else if fits {
		f.add(OK, "grants what is needed: %s", has)
	}
}

// beyond are the letters of has that the need does not name; of several that are as good, the first there is enough.
func beyond(has string, n need) string {
	var more strings.Builder
	enough := false
	for _, letter := range n.any {
		if strings.ContainsRune(has, letter) {
			if enough {
				more.WriteRune(letter)
			}
			enough = true
		}
	}
	for _, letter := range has {
		_, better := n.better[string(letter)]
		if !better && !strings.ContainsRune(n.all+n.any, letter) && letter >= 'a' && letter <= 'z' {
			more.WriteRune(letter)
		}
	}
	return more.String()
}

func (s SAS) judgeReach(f *findings) {
	switch {
	case s.scheme == "http":
		f.add(Warning, "is http, which works on this machine only")
	case !s.secret().httpsOnly && !s.loopback:
		f.add(Warning, "may be used over plain http too (it has no spr=https)")
	}
	if s.secret().httpsOnly && s.scheme == "http" {
		f.add(Fault, "is signed for https (spr=https) and written with http")
	}
	if s.secret().account {
		f.add(Warning, "is an account SAS: it opens more than this %s", s.kind)
	}
	if s.secret().sourceAddress {
		f.add(Warning, "is bound to caller addresses (sip), and a function app's may change")
	}
	if !s.loopback && !knownHost(s.host) {
		f.add(Warning, "leads to a host that is not Azure Storage's own")
	}
}

// knownHost says whether a host is where Azure Storage lives: the public cloud, its DNS zones, the sovereign clouds.
func knownHost(host string) bool {
	name, _, _ := strings.Cut(host, ":")
	for _, suffix := range []string{".core.windows.net", ".storage.azure.net", ".core.usgovcloudapi.net", ".core.chinacloudapi.cn"} {
		if strings.HasSuffix(name, suffix) {
			return true
		}
	}
	return false
}
