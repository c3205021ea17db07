package lint

// ParseExceptions is for tests of bad lists.
var ParseExceptions = parseExceptions
