package gil

import "math"

// point is something measured, y, and what for, x.
type point struct{ x, y float64 }

// between is what there is for x: in between what was measured, and beyond, logarithms
// are straight.
func between(points []point, x float64) float64 {
	i := 1
	for i < len(points)-1 && x >= points[i].x {
		i++
	}
	a, b := points[i-1], points[i]
	return a.y * math.Pow(x/a.x, math.Log(b.y/a.y)/math.Log(b.x/a.x))
}
