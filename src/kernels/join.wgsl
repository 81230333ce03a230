// join: y = a, b, c, ... g, one behind the other, with zeros from the end of each to where the next begins.
//   a (length_a), ... as vec4; b begins at vec4 begin_b of y; y (count), as vec4
// Bits, whatever they stand for. One thread owns one vec4 of y.

struct Params { count: u32, length_a: u32, length_b: u32, length_c: u32, length_d: u32, length_e: u32, length_f: u32, length_g: u32, begin_b: u32, begin_c: u32, begin_d: u32, begin_e: u32, begin_f: u32, begin_g: u32 }
@group(0) @binding(0) var<storage, read> a: array<vec4u>;
@group(0) @binding(1) var<storage, read> b: array<vec4u>;
@group(0) @binding(2) var<storage, read> c: array<vec4u>;
@group(0) @binding(3) var<storage, read> d: array<vec4u>;
@group(0) @binding(4) var<storage, read> e: array<vec4u>;
@group(0) @binding(5) var<storage, read> f: array<vec4u>;
@group(0) @binding(6) var<storage, read> g: array<vec4u>;
@group(0) @binding(7) var<storage, read_write> y: array<vec4u>;
@group(1) @binding(0) var<uniform> p: Params;

// v, with zeros for what lies behind the end.
fn within(v: vec4u, i: u32, length: u32) -> vec4u { return select(vec4u(), v, vec4u(i * 4u) + vec4u(0u, 1u, 2u, 3u) < vec4u(length)); }

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) lane: u32) {
  let i = (workgroup.x + workgroup.y * groups.x) * 64u + lane;
  if (i * 4u >= p.count) { return; }
  var v = vec4u();
  if (i < p.begin_b) {
    if (i * 4u < p.length_a) { v = within(a[i], i, p.length_a); }
  } else if (i < p.begin_c) {
    let j = i - p.begin_b;
    if (j * 4u < p.length_b) { v = within(b[j], j, p.length_b); }
  } else if (i < p.begin_d) {
    let j = i - p.begin_c;
    if (j * 4u < p.length_c) { v = within(c[j], j, p.length_c); }
  } else if (i < p.begin_e) {
    let j = i - p.begin_d;
    if (j * 4u < p.length_d) { v = within(d[j], j, p.length_d); }
  } else if (i < p.begin_f) {
    let j = i - p.begin_e;
    if (j * 4u < p.length_e) { v = within(e[j], j, p.length_e); }
  } else if (i < p.begin_g) {
    let j = i - p.begin_f;
    if (j * 4u < p.length_f) { v = within(f[j], j, p.length_f); }
  } else {
    let j = i - p.begin_g;
    if (j * 4u < p.length_g) { v = within(g[j], j, p.length_g); }
  }
  y[i] = v;
}
