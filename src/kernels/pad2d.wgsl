// pad2d: copies planes into larger ones, with zeros around and between their pixels: padding for the convolution kernels.
//   x (planes, in_h, in_w), y (planes, out_h, out_w)
//   y[plane, i, j] = x[plane, (i - offset_y) / step_y, (j - offset_x) / step_x] where that is a pixel, else 0
// One thread owns one row of y: fastest on software adapters, where neighbours gain nothing by writing neighbouring elements.

alias T = f32; // slot
struct Params {
  rows: u32, in_h: u32, in_w: u32, out_h: u32, out_w: u32,
  offset_y: i32, offset_x: i32, step_y: i32, step_x: i32, x_base: u32,
}
@group(0) @binding(0) var<storage, read> x: array<T>;
@group(0) @binding(1) var<storage, read_write> y: array<T>;
@group(1) @binding(0) var<uniform> p: Params;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) lane: u32) {
  let row = (workgroup.x + workgroup.y * groups.x) * 64u + lane;
  if (row >= p.rows) { return; }
  let target_row = row * p.out_w;
  let i = i32(row % p.out_h) - p.offset_y;
  if (i < 0 || i % p.step_y != 0 || i / p.step_y >= i32(p.in_h)) {
    for (var j = 0u; j < p.out_w; j++) { y[target_row + j] = T(); }
    return;
  }
  for (var j = 0; j < min(p.offset_x, i32(p.out_w)); j++) { y[target_row + u32(j)] = T(); }
  let source = p.x_base + (row / p.out_h * p.in_h + u32(i / p.step_y)) * p.in_w;
  for (var c = 0u; c < p.in_w; c++) {
    let j = u32(p.offset_x + i32(c) * p.step_x); // left of the row it wraps to a huge number
    if (j < p.out_w) { y[target_row + j] = x[source + c]; }
    for (var gap = 1u; gap < u32(p.step_x); gap++) {
      if (j + gap < p.out_w) { y[target_row + j + gap] = T(); }
    }
  }
  let end = max(p.offset_x + i32(p.in_w) * p.step_x, 0);
  for (var j = u32(end); j < p.out_w; j++) { y[target_row + j] = T(); }
}
