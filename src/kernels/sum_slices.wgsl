// sum_slices: y[i] = sum over s of partial[s, i] (+ y[i]).        partial (slices, count), y (count)
// The second pass of every split sum: in a fixed order, so that the result is the same each time.
// One thread owns one element of y. Runs of slices are added up, and what adding them rounds off is kept for the end: a bias's
// gradient may come from a hundred thousand rows.

const RUN: u32 = 64;

alias T = f32; // slot
alias U = f32; // slot
struct Params { count: u32, slices: u32, accumulate: u32, zero: u32, partial_base: u32, y_base: u32 }
@group(0) @binding(0) var<storage, read> partial: array<T>;
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

// By its bits: a compiler may assume that there are no NaNs.
fn is_nan(v: f32) -> bool { return (bitcast<u32>(v) & 0x7fffffffu) > 0x7f800000u; } // shared

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) lane: u32) {
  let i = (workgroup.x + workgroup.y * groups.x) * 64u + lane;
  if (i >= p.count) { return; }
  var total = vec2f();
  if (p.accumulate != 0u) { total.x = f32(y[p.y_base + i]); }
  for (var start = 0u; start < p.slices; start += RUN) {
    var run = 0.0;
    for (var s = start; s < min(start + RUN, p.slices); s++) { run += f32(partial[p.partial_base + s * p.count + i]); }
    total = add(total, run);
  }
  let exact = total.x + total.y;
  y[p.y_base + i] = U(select(exact, total.x, is_nan(exact))); // beside an infinity the rest is NaN
}
