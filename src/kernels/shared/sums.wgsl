// Sums that keep what each addition rounds off.

struct Params { zero: u32 }
@group(1) @binding(0) var<uniform> p: Params;

// By its bits: a compiler may assume that there are no NaNs.
fn is_nan(v: f32) -> bool { return (bitcast<u32>(v) & 0x7fffffffu) > 0x7f800000u; } // shared

// A compiler may take (a + b) - a for b: a zero that it does not know keeps it from that.
fn as_it_is(v: f32) -> f32 { return bitcast<f32>(bitcast<u32>(v) | p.zero); }

// The sum so far, and what rounding has left out of it. Knuth, The Art of Computer Programming 2, 4.2.2.
fn add(total: vec2f, v: f32) -> vec2f {
  let sum = as_it_is(total.x + v);
  let added = as_it_is(sum - total.x);
  return vec2f(sum, total.y + ((total.x - (sum - added)) + (v - added)));
}

// The first twelve bits: products of two such numbers are exact.
fn front(v: f32) -> f32 { return bitcast<f32>(bitcast<u32>(v) & 0xfffff000u); }

// A sum and what rounding left out of it, divided, as near as float32 has it: the language's own division may be off by 2.5 ulp.
// With what it leaves of the sum (Dekker's product).
fn quotient(sum: vec2f, b: f32) -> f32 {
  let q = as_it_is(sum.x / b); // or a compiler adds the rest to the sum before it divides
  let q1 = front(q);
  let b1 = front(b);
  let rest = as_it_is(as_it_is(sum.x - q1 * b1) - q1 * (b - b1)) - (q - q1) * b + sum.y;
  return select(q + rest / b, q, is_nan(rest)); // beside an infinity the rest is NaN
}
