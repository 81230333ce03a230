// reduce_sum: y[o, s, i] = the sum over r in slice s of x[o, r, i], divided by the divisor.
//   x (outer, length, inner), y (outer, slices, inner); a slice is `slice` long, the last may be shorter
// One thread owns one element of y. Long reductions run twice: slices first, then the slices' results.
// Two are added at a time, and what that rounds off the sum is kept and added at the end: sum and mean of large numbers that
// differ little are right to the last bit or two, however many there are.

alias T = f32; // slot
alias U = f32; // slot
struct Params { count: u32, length: u32, inner: u32, slices: u32, slice: u32, divisor: f32, zero: u32, x_base: u32, y_base: u32 }
@group(0) @binding(0) var<storage, read> x: array<T>;
@group(0) @binding(1) var<storage, read_write> y: array<U>;
@group(1) @binding(0) var<uniform> p: Params;

// A compiler may take (a + b) - a for b: a zero that it does not know keeps it from that.
fn as_it_is(v: f32) -> f32 { return bitcast<f32>(bitcast<u32>(v) | p.zero); } // shared

// The sum so far, and what rounding has left out of it. Knuth, The Art of Computer Programming 2, 4.2.2.
fn add(total: vec2f, v: f32) -> vec2f { // shared
  let sum = as_it_is(total.x + v);
  let added = as_it_is(sum - total.x);
  return vec2f(sum, total.y + ((total.x - (sum - added)) + (v - added)));
}

// The first twelve bits: products of two such numbers are exact.
fn front(v: f32) -> f32 { return bitcast<f32>(bitcast<u32>(v) & 0xfffff000u); } // shared

// A sum and what rounding left out of it, divided, as near as float32 has it: the language's own division may be off by 2.5 ulp.
// With what it leaves of the sum (Dekker's product).
fn quotient(sum: vec2f, b: f32) -> f32 { // shared
  let q = as_it_is(sum.x / b); // or a compiler adds the rest to the sum before it divides
  let q1 = front(q);
  let b1 = front(b);
  let rest = as_it_is(as_it_is(sum.x - q1 * b1) - q1 * (b - b1)) - (q - q1) * b + sum.y;
  return select(q + rest / b, q, is_nan(rest)); // beside an infinity the rest is NaN
}

// By its bits: a compiler may assume that there are no NaNs.
fn is_nan(v: f32) -> bool { return (bitcast<u32>(v) & 0x7fffffffu) > 0x7f800000u; } // shared

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) lane: u32) {
  let t = (workgroup.x + workgroup.y * groups.x) * 64u + lane;
  if (t >= p.count) { return; }
  let i = t % p.inner;
  let slice = t / p.inner % p.slices;
  let outer = t / p.inner / p.slices;
  let at = p.x_base + outer * p.length * p.inner + i;
  let first = slice * p.slice;
  let end = min(first + p.slice, p.length);
  var total = vec2f(f32(x[at + first * p.inner]), 0.0);
  var r = first + 1u;
  for (; r + 3u < end; r += 4u) { // four a turn: a turn costs as much as two loads on software adapters
    total = add(total, f32(x[at + r * p.inner]) + f32(x[at + (r + 1u) * p.inner]));
    total = add(total, f32(x[at + (r + 2u) * p.inner]) + f32(x[at + (r + 3u) * p.inner]));
  }
  for (; r < end; r++) { total = add(total, f32(x[at + r * p.inner])); }
  y[p.y_base + t] = U(quotient(total, p.divisor));
}
