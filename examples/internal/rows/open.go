package rows

// open says why nothing shows a row yet, for rows that nothing can show. The index
// counts them; a row that has a check must not be here.
var open = map[int]string{}
