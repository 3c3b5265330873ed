package cr3dentials

import (
	"bufio"
	"encoding/base64"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"
)

// nodeScript does what the document's sample does (seed 002, "Verify Webhook Signatures"): it signs
// JSON.stringify of the parsed body. A line in is a body, a line out is what was signed and the signature, in base64.
const nodeScript = `
const crypto = require('crypto');
require('readline').createInterface({ input: process.stdin }).on('line', line => {
  let out;
  try {
    const payload = JSON.parse(Buffer.from(line, 'base64').toString('utf8'));
    const hmac = crypto.createHmac('sha256', process.argv[1]);
    out = Buffer.from(JSON.stringify(payload)).toString('base64') + ' ' + hmac.update(JSON.stringify(payload)).digest('hex');
  } catch (e) { out = 'refused'; }
  process.stdout.write(out + '\n');
});`

// startNode starts one Node for the whole test. It asks JSON.stringify(JSON.parse(body)) and its signature;
// false is what JSON.parse refuses. A machine without Node fails the test.
func startNode(tb testing.TB, secret string) func(body []byte) (text, signature string, ok bool) {
	tb.Helper()
	cmd := exec.Command("node", "-e", nodeScript, secret)
	in, err := cmd.StdinPipe()
	if err != nil {
		tb.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		tb.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		tb.Fatalf("node, which signs as the document's sample does: %v", err)
	}
	tb.Cleanup(func() { in.Close(); _ = cmd.Wait() })
	lines := bufio.NewReader(out)
	return func(body []byte) (string, string, bool) {
		if _, err := io.WriteString(in, base64.StdEncoding.EncodeToString(body)+"\n"); err != nil {
			tb.Fatal(err)
		}
		line, err := lines.ReadString('\n')
		if err != nil {
			tb.Fatal(err)
		}
		text, signature, ok := strings.Cut(strings.TrimSpace(line), " ")
		if !ok {
			return "", "", false
		}
		plain, err := base64.StdEncoding.DecodeString(text)
		if err != nil {
			tb.Fatal(err)
		}
		return string(plain), signature, true
	}
}

// tricky are bodies in which JavaScript differs from a naive writer.
func tricky() []string {
	return []string{
		`{"b":1,"a":2,"10":3,"9":4,"01":5,"-1":6,"0":7,"4294967294":8,"4294967295":9,"4294967296":10,"1.5":11}`,
		`{"a":1,"b":2,"a":{"x":[3]},"7":1,"7":2}`, `{"a":1,"\u0061":2,"\u0031":3,"1":4}`, `{"__proto__":{"x":1},"constructor":2,"toJSON":3,"":4}`,
		`[0,-0,0.0,1.0,1.50,100,1e2,1E+2,1e-2,25000.00,1e20,1e21,123456789012345678901234567890,1e-6,1e-7,0.000001234,1.5e300,5e-324,1e-999,1e999,-1e999]`,
		`[9007199254740993,0.1,0.30000000000000004,1.7976931348623157e308,4.35,2.2250738585072011e-308,1e23,-1.25e-9]`,
		`["\u00e9é","😀\ud83d\ude00","\ud800","\udc00","\ud800\ud800\udc00","\ud800x","\/","/","<>&","\u2028\u2029\u007f","\u0000\u001f\b\f\n\r\t\"\\","\uFFFE"]`,
		" \t\r\n{ \"a\" : [ ] , \"b\" : { } , \"c\" : [ 1 , 2 ] }\n", `null`, `true`, `"x"`, `-5`, ``, ` `, `[1,]`, `[,1]`, `{"a":1,}`, `{,}`, `{"a"}`, `{a:1}`, `'a'`,
		`01`, `+1`, `1.`, `.5`, `1e`, `--1`, `-`, `NaN`, `"\x"`, `"\u12"`, `"\u+123"`, `"` + "\t" + `"`, `"`, `[`, `{"a":`, `tru`, `1 2`, "\ufeff{}", "\u00a01", "[1]x",
		strings.Repeat("[", 100) + strings.Repeat("]", 100),
		"{\n  \"name\": \"Zoë Müller 李小龍 Ωmega\",\n  \"amount\": 25000.00\n}",
	}
}

// same compares our writing of body with Node's.
func same(tb testing.TB, node func([]byte) (string, string, bool), body []byte) {
	tb.Helper()
	want, _, wantOK := node(body)
	got, ok := stringify(body)
	if ok != wantOK || (ok && string(got) != want) {
		tb.Errorf("of %q we make %q (%v), Node %q (%v)", body, got, ok, want, wantOK)
	}
}

func TestWritesJSONAsNodeDoes(t *testing.T) {
	node := startNode(t, "any")
	for _, body := range append(tricky(), string(Sample())) {
		same(t, node, []byte(body))
	}
	random := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		same(t, node, []byte(value(random, 0)))
	}
	for range 3000 { // numbers of every size and length
		f := math.Float64frombits(random.Uint64())
		if !math.IsNaN(f) && !math.IsInf(f, 0) {
			same(t, node, strconv.AppendFloat(nil, f, "eg"[random.IntN(2)], random.IntN(20)-1, 64))
		}
	}
}

// value makes a random JSON text with odd names, numbers, escapes and white space.
func value(r *rand.Rand, depth int) string {
	pick := func(from ...string) string { return from[r.IntN(len(from))] }
	blank := pick("", "", " ", "\n  ", "\t")
	text := func() string {
		return `"` + pick("", "a", "b", "1", "2", "10", "007", "é", "名", `\u0031`, `\ud83d`, `\ude00`, `\n`, `\/`, `\u001F`) + pick("", "", "z", "3") + `"`
	}
	switch n := r.IntN(8); {
	case depth < 5 && n < 3:
		var members []string
		for range r.IntN(6) {
			members = append(members, blank+text()+blank+":"+value(r, depth+1))
		}
		return "{" + strings.Join(members, ",") + blank + "}"
	case depth < 5 && n == 3:
		var elements []string
		for range r.IntN(4) {
			elements = append(elements, value(r, depth+1))
		}
		return "[" + strings.Join(elements, ",") + "]" + blank
	case n == 4:
		return blank + pick("true", "false", "null")
	case n == 5:
		return text()
	default:
		return fmt.Sprintf("%s%d%s%s", pick("", "-"), r.IntN(100000), pick("", ".0", ".50", ".125", ".000001"), pick("", "e3", "E-9", "e+21", "e-5"))
	}
}

func FuzzStringifyIsNodes(f *testing.F) {
	for _, body := range tricky() {
		f.Add([]byte(body))
	}
	node := startNode(f, "any")
	f.Fuzz(func(t *testing.T, body []byte) {
		if !utf8.Valid(body) || strings.Count(string(body), "[")+strings.Count(string(body), "{") > deepest {
			if out, ok := stringify(body); ok && !utf8.Valid(out) {
				t.Error("invalid UTF-8 comes out")
			}
			return
		}
		same(t, node, body)
	})
}
