// pad2d_flat: pad2d.wgsl, what GPUs run: neighbouring threads write neighbouring elements, whatever rows they lie in.
//   x (planes, in_h, in_w), y (planes, out_h, out_w)
//   y[plane, i, j] = x[plane, (i - offset_y) / step_y, (j - offset_x) / step_x] where that is a pixel, else 0
// One workgroup owns 1024 elements of y, a thread every 256th of them. Steps of 1 have no divisions (APART).

const APART: bool = true; // slot
const EACH: u32 = 4; // elements a thread

alias T = f32; // slot
struct Params {
  count: u32, in_h: u32, in_w: u32, out_h: u32, out_w: u32,
  offset_y: i32, offset_x: i32, step_y: i32, step_x: i32, x_base: u32,
}
@group(0) @binding(0) var<storage, read> x: array<T>;
@group(0) @binding(1) var<storage, read_write> y: array<T>;
@group(1) @binding(0) var<uniform> p: Params;

// The pixel that lands `to` behind the first one's place, or a huge number where none does.
fn source(to: i32, step: i32) -> u32 {
  if (!APART || to < 0) { return u32(to); }
  return select(0xffffffffu, u32(to / step), to % step == 0);
}

fn pixel(t: u32) -> f32 {
  let row = t / p.out_w;
  let i = source(i32(row % p.out_h) - p.offset_y, p.step_y);
  let j = source(i32(t % p.out_w) - p.offset_x, p.step_x);
  if (i >= p.in_h || j >= p.in_w) { return 0.0; }
  return f32(x[p.x_base + (row / p.out_h * p.in_h + i) * p.in_w + j]);
}

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) lane: u32) {
  let first = (workgroup.x + workgroup.y * groups.x) * EACH * 256u + lane;
  for (var k = 0u; k < EACH; k++) { // unroll
    let t = first + k * 256u;
    if (t < p.count) { y[t] = T(pixel(t)); }
  }
}
