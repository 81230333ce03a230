// part_squares: partial[s, lane] = the sum of squares of what a lane has of slice s. Slices are cut from the parts of x.
//   x: parts, as vec4, and between them what does not count; partial (slices, 64)
//   parts: where each begins, in vec4, its elements, the first of its slices in this launch, and the first in `partial`
// A slice is SLICE vec4, the last one of a part what is left. A workgroup owns one, a lane every 64th vec4 of it: sums are the same
// wherever the parts lie. What additions round off is kept and added at the end. `reduce` adds up the rest.

const SLICE: u32 = 1024;

alias T = f32; // slot
struct Params { count: u32, first: u32, parts: u32, zero: u32 }
@group(0) @binding(0) var<storage, read> x: array<vec4<T>>;
@group(0) @binding(1) var<storage, read> parts: array<vec4u>;
@group(0) @binding(2) var<storage, read_write> partial: array<f32>;
@group(1) @binding(0) var<uniform> p: Params;

// By its bits: a compiler may assume that there are no NaNs.
fn is_nan(v: f32) -> bool { return (bitcast<u32>(v) & 0x7fffffffu) > 0x7f800000u; } // shared

// A compiler may take (a + b) - a for b: a zero that it does not know keeps it from that.
fn as_it_is(v: f32) -> f32 { return bitcast<f32>(bitcast<u32>(v) | p.zero); } // shared

// The sum so far, and what rounding has left out of it. Knuth, The Art of Computer Programming 2, 4.2.2.
fn add(total: vec2f, v: f32) -> vec2f { // shared
  let sum = as_it_is(total.x + v);
  let added = as_it_is(sum - total.x);
  return vec2f(sum, total.y + ((total.x - (sum - added)) + (v - added)));
}

// v, with zeros for what lies behind the end.
fn within(v: vec4f, i: u32, count: u32) -> vec4f { return select(vec4f(), v, vec4u(i * 4u) + vec4u(0u, 1u, 2u, 3u) < vec4u(count)); }

// Of the launch's parts the last that begins at or before a slice.
fn part_of(slice: u32) -> vec4u {
  var at = p.first;
  for (var left = p.parts; left > 1u;) {
    let half = left / 2u;
    let behind = parts[at + half].z <= slice;
    at = select(at, at + half, behind);
    left = select(half, left - half, behind);
  }
  return parts[at];
}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) lane: u32) {
  let slice = workgroup.x + workgroup.y * groups.x;
  if (slice >= p.count) { return; }
  let part = part_of(slice);
  let own = slice - part.z;
  let end = min((own + 1u) * SLICE, (part.y + 3u) / 4u);
  var total = vec2f();
  for (var i = own * SLICE + lane; i < end; i += 64u) {
    let v = within(vec4f(x[part.x + i]), i, part.y);
    total = add(total, dot(v, v));
  }
  partial[(part.w + own) * 64u + lane] = select(total.x + total.y, total.x, is_nan(total.y)); // beside an infinity the rest is NaN
}
