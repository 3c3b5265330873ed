// Command host is a stand-in for the Azure Functions host, for apps with a custom handler: it obeys functions-host.md §1-§6 and §10 to the
// letter, so that the product and its tests see on a laptop what they will see in Azure. See --help for how to run it.
//
// The parts, from the bottom: newtonsoft and route, with internal/schedule, read what .NET reads; settings, hostjson and function read the app; worker
// keeps the handler's process; invoke carries one call to it; front, queue, timer and storage are what calls come from; scripthost is all of
// it as a value; event is what is seen of it; hosttest holds the handlers, well-behaved and not, that its tests run.
//
// # Unconfirmed facts
//
// functions-host.md marks as N what nobody has yet seen on a real host. Each is behind one place, marked with its number, so that a
// correction is one edit:
//
//	N1   §2.1  Content-Type of JSON calls: application/json; charset=utf-8            invoke/call.go
//	N2   §2.1  JSON calls are chunked (Azure) and carry no Content-Length             invoke/call.go
//	N3   §2.1  traceparent may be present; this host sends none                       invoke/call.go
//	N4   §3    member names of the answer are read in any case                        invoke/response.go
//	N5   §3    JSON content types are application/json and text/json only             invoke/response.go
//	N6   §3    an empty body counts as null, so it hangs                              invoke/response.go
//	N7   §3    answers are buffered up to 2 GiB; this host sets no limit              invoke/call.go
//	N8   §3    the platform cuts HTTP at about 230 s; this host does not              front/forward.go
//	N9   §3    date-looking strings are re-formatted                                  newtonsoft/date.go
//	N10  §3    messages of output bindings live for seven days                        queue/message.go
//	N11  §3    Outputs null with an http binding gives 204                            front/respond.go
//	N12  §4.1  an encoded ? or # truncates a forwarded path                           front/query.go
//	N13  §4.1  a chunked body fails the forwarded request (--fail-chunked)            front/forward.go
//	N14  §4.1  which content headers are lost                                         front/forward.go
//	N15  §4.1  a header value that is not ASCII fails the forwarded request           front/forward.go
//	N16  §4.1  a forwarded answer loses Transfer-Encoding, its headers are appended   front/forward.go
//	N17  §4.1  no cookies, no decompression, no redirects when forwarding             invoke/call.go
//	N18  §4.2  the Host header is kept when proxying                                  front/proxy.go
//	N19  §6.1  a timer's lookup name begins with Host.Functions.                      timer/blob.go
//	N20  §5    configuration files may hold comments and trailing commas              newtonsoft/relaxed.go
//
// # Inferences
//
// Where functions-host.md is silent, these were chosen: the scale-out header's name X-FUNCTION-SCALEOUT; 400 for a manual run of an HTTP
// function or without a JSON body; binding data of a manual queue run (DequeueCount 0, empty ids); the lock blob's name and, without
// AzureFunctionsWebHost__hostid, the host id; a named http output that is no object fails the call; an http output without a body gives its
// status and no content; X-Forwarded headers pass the proxy; the throttle stands before the keys; --keys stands for Azure's own key store;
// requests wait 30 s for a host that is not up; without AzureWebJobsStorage the host stops, as under Core Tools, where another missing
// connection only costs its function; a host.json without customHandler puts every function in error.
//
// # What it does not do
//
// A bad host.json, at the start or after a change, ends the host, where the real one stays up and tries again. logging, telemetryMode and
// concurrency of host.json have no effect; dynamic throttling, CORS and the platform's front end are not emulated.
package main
