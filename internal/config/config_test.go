package config

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"
)

const secret = "hunter2-hunter2-hunter2"

func TestSecretNeverPrints(t *testing.T) {
	s := Secret(secret)
	whole := struct{ S Secret }{s}
	var log bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "secret", s, "whole", whole)
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "secret", s)
	text, err := json.Marshal([]any{s, &s, whole})
	if err != nil {
		t.Fatal(err)
	}
	for _, shown := range []string{s.String(), fmt.Sprint(s, whole, &whole, []Secret{s}), fmt.Sprintf("%v %+v %#v %s %q %x", s, whole, whole, s, s, s),
		fmt.Errorf("a: %v", s).Error(), log.String(), string(text)} {
		if strings.Contains(shown, "hunter2") || strings.Contains(shown, fmt.Sprintf("%x", secret)) {
			t.Errorf("shown: %s", shown)
		}
	}
	if s.Reveal() != secret {
		t.Error("Reveal is not the secret")
	}
}

func TestNamesListsInstancesInOrder(t *testing.T) {
	e := New([]string{"PARTNER_CREDZU_TOKEN=x", "PARTNER_CRF_SECRET=x", "PARTNER_CRF_HEADER=x", "PARTNER_EMPTY_SECRET=", "PARTNER_=x", "PARTNER_X=x", "PARTNERS_Y_Z=x", "CRM_CRF_URL=x", "PARTNER__Z=x"})
	if got := e.Names("PARTNER"); !slices.Equal(got, []string{"credzu", "crf"}) {
		t.Errorf("got %v", got)
	}
	if got := New(nil).Names("PARTNER"); len(got) != 0 {
		t.Errorf("got %v", got)
	}
}

func TestValuesAreTrimmedAndEmptyIsAbsent(t *testing.T) {
	s := New([]string{"PARTNER_CRF_HEADER=  X-Key \t", "PARTNER_CRF_SECRET=  ", "PARTNER_CRF_TOKEN=a=b", "noise"}).Instance("PARTNER", "crf")
	if s.String("HEADER", "def") != "X-Key" || s.String("SECRET", "def") != "def" || s.String("TOKEN", "") != "a=b" {
		t.Errorf("got %q %q %q", s.String("HEADER", "def"), s.String("SECRET", "def"), s.String("TOKEN", ""))
	}
	if s.Name() != "crf" || s.Key("HEADER") != "PARTNER_CRF_HEADER" {
		t.Errorf("name %q key %q", s.Name(), s.Key("HEADER"))
	}
}

func TestGlobalSettingsCarryNoFamily(t *testing.T) {
	e := New([]string{"LEADRELAY_PREFIX=mine"})
	if got := e.Global().String("LEADRELAY_PREFIX", "leadrelay"); got != "mine" {
		t.Errorf("got %q", got)
	}
	if err := e.Err("LEADRELAY_"); err != nil {
		t.Error(err)
	}
}

func TestAllComplaintsAreToldAtOnceInOrder(t *testing.T) {
	e := New([]string{"PARTNER_CRF_SECERT=" + secret, "PARTNER_CRF_MAX_BODY=much", "CRM_X_URL=unread", "OTHER=unread"})
	s := e.Instance("PARTNER", "crf")
	s.Required("HEADER")
	s.Int("MAX_BODY", 1, 0, 10)
	s.Int("MAX_BODY", 1, 0, 10)
	s.Complain("SECRET", "set it")
	want := "settings:\n  PARTNER_CRF_HEADER: is required\n  PARTNER_CRF_MAX_BODY: must be a whole number from 0 to 10\n" +
		"  PARTNER_CRF_SECERT: there is no such setting\n  PARTNER_CRF_SECRET: set it"
	if err := e.Err("PARTNER_"); err == nil || err.Error() != want {
		t.Errorf("got\n%v\nwant\n%s", err, want)
	}
	if err := e.Err("PARTNER_"); err == nil || err.Error() != want {
		t.Errorf("asked again it is\n%v", err)
	}
}

func TestReadSettingsAreNoComplaint(t *testing.T) {
	e := New([]string{"PARTNER_CRF_SECRET=" + secret})
	e.Instance("PARTNER", "crf").Secret("SECRET")
	if err := e.Err("PARTNER_"); err != nil {
		t.Error(err)
	}
	if err := New(nil).Err("PARTNER_"); err != nil {
		t.Error(err)
	}
}

func TestSecretsAreTheCurrentAndTheOldOne(t *testing.T) {
	s := New([]string{"P_X_SECRET=new", "P_X_SECRET_OLD=old"}).Instance("P", "x")
	if got := s.Secrets("SECRET", "ABSENT", "SECRET_OLD"); len(got) != 2 || got[0] != "new" || got[1] != "old" {
		t.Errorf("%d secrets", len(got))
	}
	if got := s.Secrets("ABSENT"); got != nil {
		t.Error("an absent secret is one")
	}
}

// readers read setting V as each method does.
func readers() map[string]func(*Settings) any {
	return map[string]func(*Settings) any{
		"one of":   func(s *Settings) any { return s.OneOf("V", "a", "b") },
		"int":      func(s *Settings) any { return s.Int("V", 7, 1, 9) },
		"duration": func(s *Settings) any { return s.Duration("V", time.Minute) },
		"bool":     func(s *Settings) any { return s.Bool("V", true) },
		"key":      func(s *Settings) any { return string(s.Key32("V")) },
	}
}

func TestTypedSettings(t *testing.T) {
	key := strings.Repeat("k", 32)
	for _, c := range []struct {
		reader, value string
		want          any
		wrong         bool
	}{
		{"one of", "", "a", false}, {"one of", "b", "b", false}, {"one of", "B", "B", true},
		{"int", "", 7, false}, {"int", "1", 1, false}, {"int", "9", 9, false}, {"int", "0", 7, true}, {"int", "10", 7, true}, {"int", "1.5", 7, true}, {"int", "one", 7, true},
		{"duration", "", time.Minute, false}, {"duration", "90s", 90 * time.Second, false}, {"duration", "90", time.Minute, true}, {"duration", "-1s", time.Minute, true}, {"duration", "0s", time.Minute, true},
		{"bool", "", true, false}, {"bool", "false", false, false}, {"bool", "1", true, false}, {"bool", "no", true, true},
		{"key", "", "", false}, {"key", base64.StdEncoding.EncodeToString([]byte(key)), key, false}, {"key", base64.StdEncoding.EncodeToString([]byte(key[1:])), "", true}, {"key", key, "", true}, {"key", "*", "", true},
	} {
		e := New([]string{"F_X_V=" + c.value})
		got := readers()[c.reader](e.Instance("F", "x"))
		err := e.Err("F_")
		if got != c.want || (err != nil) != c.wrong {
			t.Errorf("%s of %q: got %v, %v", c.reader, c.value, got, err)
		}
		if c.reader == "key" && c.value != "" && err != nil && len(c.value) > 1 && strings.Contains(err.Error(), c.value) {
			t.Error("the complaint shows the key")
		}
	}
}

func FuzzNew(f *testing.F) {
	f.Add("PARTNER_CRF_SECRET="+secret, "V", "12")
	f.Add("PARTNER__", "HEADER", "90s")
	f.Add("=x", "", "")
	f.Fuzz(func(t *testing.T, line, setting, value string) {
		e := New([]string{line, "PARTNER_X_V=" + value})
		for _, name := range e.Names("PARTNER") {
			if name == "" || name != strings.ToLower(name) {
				t.Errorf("name %q", name)
			}
			e.Instance("PARTNER", name).String(setting, "")
		}
		for _, read := range readers() {
			read(e.Instance("PARTNER", "x"))
		}
		if err := e.Err("PARTNER_"); err != nil && len(value) > 8 && strings.Contains(err.Error(), value) && !strings.Contains(line, value) {
			t.Errorf("the complaint shows the value: %v", err)
		}
	})
}
