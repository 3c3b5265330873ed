package lead

import (
	"regexp"
	"testing"
	"time"
)

func TestIsUUID(t *testing.T) {
	for s, want := range map[string]bool{
		"4626a582-afb9-48bf-8d86-87e6fe91a842": true, "4626A582-AFB9-48BF-8D86-87E6FE91A842": true, "00000000-0000-0000-0000-000000000000": true,
		"": false, "4626a582afb948bf8d8687e6fe91a842": false, "{626a582-afb9-48bf-8d86-87e6fe91a84}": false,
		"4626a582-afb9-48bf-8d86-87e6fe91a84": false, "4626a582-afb9-48bf-8d86-87e6fe91a8422": false, "4626a582-afb9-48bf-8d86-87e6fe91a84g": false,
		"4626a582xafb9-48bf-8d86-87e6fe91a842": false, "4626a582-afb9-48bf-8d86--7e6fe91a842": false,
	} {
		if got := IsUUID(s); got != want {
			t.Errorf("%q: %v", s, got)
		}
	}
}

func TestParseTime(t *testing.T) {
	at := time.Date(2020, 5, 8, 23, 9, 15, 0, time.UTC)
	for s, want := range map[string]time.Time{
		"2020-05-08T23:09:15Z": at, "2020-05-08T23:09:15+00:00": at, "2020-05-09T01:09:15+02:00": at, "2020-05-09T01:09:15+0200": at,
		"2020-05-08T23:09:15": at, "2020-05-08T23:09:15.878": at.Add(878 * time.Millisecond),
		"2020-05-08T23:09:15.4796701+00:00": at.Add(479670100), "2020-05-08T23:09:15.1234567891234Z": at.Add(123456789),
		"": {}, "2020-05-08": {}, "2020-13-08T23:09:15Z": {}, "2020-02-30T23:09:15Z": {}, "2020-05-08 23:09:15Z": {}, "2020-05-08T25:09:15Z": {}, "Z": {},
	} {
		if got := ParseTime(s); !got.Equal(want) {
			t.Errorf("%q: %v, want %v", s, got, want)
		}
	}
}

func FuzzTimesAndIDs(f *testing.F) {
	f.Add("2020-05-08T23:09:15.4796701+00:00")
	f.Add("2025-05-20T19:14:05.878")
	f.Add("2020-05-08T23:09:15+0200")
	f.Add("0001-01-01T00:00:00Z")
	f.Add("4626a582-afb9-48bf-8d86-87e6fe91a842")
	uuid := regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)
	f.Fuzz(func(t *testing.T, s string) {
		want, zoned := time.Time{}, false
		for _, layout := range []string{"2006-01-02T15:04:05", "2006-01-02T15:04:05Z0700", time.RFC3339} {
			if at, err := time.Parse(layout, s); err == nil {
				want, zoned = at.UTC(), layout != "2006-01-02T15:04:05"
			}
		}
		if got := ParseTime(s); got != want || IsZonedTime(s) != zoned {
			t.Errorf("%q is %v, zoned %v; want %v, %v", s, got, IsZonedTime(s), want, zoned)
		}
		if IsUUID(s) != uuid.MatchString(s) {
			t.Errorf("%q: %v", s, IsUUID(s))
		}
	})
}
