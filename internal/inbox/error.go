package inbox

import "errors"

// ErrLeaseLost says that the lease has ended: somebody else has the message, or it is gone.
var ErrLeaseLost = errors.New("the lease is lost")
