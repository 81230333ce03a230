// place2d: lays planes out in larger ones, zeros around and between: padding for the convolution kernels.
//   x (planes, in_h, in_w), y (planes, out_h, out_w)
//   y[plane, i, j] = x[plane, (i - offset_y) / step_y, (j - offset_x) / step_x] where that is a pixel, else 0
// One workgroup owns one row of y.

const LANES: u32 = 8; // slot

struct Params {
  rows: u32, in_h: u32, in_w: u32, out_h: u32, out_w: u32,
  offset_y: i32, offset_x: i32, step_y: i32, step_x: i32, x_base: u32,
}
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;
@group(1) @binding(0) var<uniform> p: Params;

@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) lane: u32) {
  let row = workgroup.x + workgroup.y * groups.x;
  if (row >= p.rows) { return; }
  let i = i32(row % p.out_h) - p.offset_y;
  let on_row = i >= 0 && i % p.step_y == 0 && i / p.step_y < i32(p.in_h);
  let source = p.x_base + (row / p.out_h * p.in_h + select(0u, u32(i / p.step_y), on_row)) * p.in_w;
  for (var column = lane; column < p.out_w; column += LANES) {
    let j = i32(column) - p.offset_x;
    let inside = on_row && j >= 0 && j % p.step_x == 0 && j / p.step_x < i32(p.in_w);
    let value = x[source + select(0u, u32(j / p.step_x), inside)];
    y[row * p.out_w + column] = select(0.0, value, inside);
  }
}
