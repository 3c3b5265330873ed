package invoke

import (
	"encoding/base64"
	"strings"

	"leadrelay/local/host/function"
	"leadrelay/local/host/newtonsoft"
)

// Bytes springs the base64 trap (functions-host.md §3): unless the binding says "dataType":"binary", a string that happens to be
// valid base64 is decoded.
func Bytes(b function.Binding, value newtonsoft.Value) ([]byte, bool) {
	text, ok := value.(string)
	if !ok || b.DataType == "binary" {
		return nil, false
	}
	return FromBase64(text)
}

// FromBase64 decodes as .NET does: white space is ignored, padding is not optional.
func FromBase64(text string) ([]byte, bool) {
	tight := strings.Map(func(r rune) rune {
		if strings.ContainsRune(" \t\r\n", r) {
			return -1
		}
		return r
	}, text)
	decoded, err := base64.StdEncoding.DecodeString(tight)
	return decoded, err == nil
}

// Messages turns an output value into queue messages (functions-host.md §3): bytes as they are; JSON in text or as a value re-written
// with indentation; an array one message an element; other text as UTF-8.
func Messages(b function.Binding, value newtonsoft.Value) [][]byte {
	if decoded, ok := Bytes(b, value); ok {
		return [][]byte{decoded}
	}
	if text, ok := value.(string); ok {
		trimmed := strings.TrimSpace(text)
		braced := strings.HasPrefix(trimmed, "{") && strings.HasSuffix(trimmed, "}")
		listed := strings.HasPrefix(trimmed, "[") && strings.HasSuffix(trimmed, "]")
		parsed, err := newtonsoft.Parse(trimmed)
		if (!braced && !listed) || err != nil {
			return [][]byte{[]byte(text)}
		}
		value = parsed
	}
	list, ok := value.(newtonsoft.Array)
	if !ok {
		return [][]byte{[]byte(newtonsoft.Invariant(value))}
	}
	messages := make([][]byte, 0, len(list))
	for _, element := range list {
		messages = append(messages, []byte(newtonsoft.Invariant(element)))
	}
	return messages
}
