// reduce_sum_shared: reduce_sum.wgsl, a sum shared by the lanes of a workgroup: what GPUs run for long sums.
//   x (outer, length, inner), y (outer, slices, inner), or with KEEP (outer, slices, 2): the sum, and what rounding has left out
//   of it; a slice is `slice` long, the last may be shorter
// One workgroup owns COLUMNS elements of y, LANES lanes each, which take every LANES-th number. What any addition rounds off is
// kept and added at the end, that of joining the lanes too: GPUs have the time for it between two loads.

const LANES: u32 = 32; // slot
const COLUMNS: u32 = 8; // slot
const ALONG: bool = true; // slot (inner is 1: an element's lanes are neighbours, else the columns are)
const APART: u32 = select(COLUMNS, 1u, ALONG);
const KEEP: bool = false; // slot (inner is 1, and another pass adds all up)

alias T = f32; // slot
alias U = f32; // slot
struct Params { count: u32, length: u32, inner: u32, slices: u32, slice: u32, divisor: f32, zero: u32, x_base: u32, y_base: u32 }
@group(0) @binding(0) var<storage, read> x: array<T>;
@group(0) @binding(1) var<storage, read_write> y: array<U>;
@group(1) @binding(0) var<uniform> p: Params;

var<workgroup> parts: array<vec2f, LANES * COLUMNS>;

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

// Row r of a column, and 0 past the end: without a branch, so that four loads are under way at once.
fn load(at: u32, r: u32, end: u32) -> f32 { return select(0.0, f32(x[at + min(r, end - 1u) * p.inner]), r < end); }

@compute @workgroup_size(LANES * COLUMNS)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) lane: u32) {
  let first_t = (workgroup.x + workgroup.y * groups.x) * COLUMNS;
  if (first_t >= p.count) { return; }
  let column = select(lane % COLUMNS, lane / LANES, ALONG);
  let place = select(lane / COLUMNS, lane % LANES, ALONG);
  let t = min(first_t + column, p.count - 1u);
  let i = t % p.inner;
  let slice = t / p.inner % p.slices;
  let outer = t / p.inner / p.slices;
  let at = p.x_base + outer * p.length * p.inner + i;
  let first = slice * p.slice;
  let end = min(first + p.slice, p.length);
  var total = vec2f();
  for (var r = first + place; r < end; r += 4u * LANES) {
    let four = vec4f(load(at, r, end), load(at, r + LANES, end), load(at, r + 2u * LANES, end), load(at, r + 3u * LANES, end));
    total = add(add(add(add(total, four.x), four.y), four.z), four.w);
  }
  parts[lane] = total;
  workgroupBarrier();
  for (var span = LANES / 2u; span > 0u; span /= 2u) {
    if (place < span) {
      let other = parts[lane + span * APART];
      parts[lane] = add(parts[lane], other.x) + vec2f(0.0, other.y);
    }
    workgroupBarrier();
  }
  if (place == 0u && first_t + column < p.count) {
    let sum = parts[lane];
    if (KEEP) {
      y[p.y_base + 2u * t] = U(sum.x);
      y[p.y_base + 2u * t + 1u] = U(select(sum.y, 0.0, is_nan(sum.x + sum.y))); // beside an infinity the rest is NaN
    } else {
      y[p.y_base + t] = U(quotient(sum, p.divisor));
    }
  }
}
