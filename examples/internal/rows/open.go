package rows

// open says why nothing shows a row yet. The index counts these rows; a row that
// has a check must not be here.
var open = map[int]string{
	14:  "no program shows it yet",
	41:  "no program shows it yet",
	47:  "no program shows it yet",
	55:  "no program shows it yet",
	78:  "no program shows it yet",
	79:  "no program shows it yet",
	80:  "no program shows it yet",
	82:  "no program shows it yet",
	84:  "no program shows it yet",
	86:  "no program shows it yet",
	87:  "no program shows it yet",
	88:  "no program shows it yet",
	123: "no program shows it yet",
	137: "no program shows it yet",
	138: "no program shows it yet",
	144: "no program shows it yet",
	145: "no program shows it yet",
}
