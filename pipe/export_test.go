package pipe

// The handshake's computations, for vectors and golden transcripts.
var (
	Respond     = respond
	Verify      = verify
	PythonBytes = pythonBytes
)
