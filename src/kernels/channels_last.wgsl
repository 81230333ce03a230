// channels_last: pictures with their channels innermost, in fours, each group's filled up with zeros; what convolutions by matrix units read.
//   x (batch, groups * channels, in_h, in_w), y (batch, out_h, out_w, groups * kept), kept a multiple of four and at least channels
//   y[image, i, j, channel] = x[image, channel, (i - offset_y) / step_y, (j - offset_x) / step_x] where that is a pixel, else 0
// A workgroup owns 32 pixels of eight fours of channels, a thread one four: neighbours read side by side in a row.

alias T = f32; // slot

struct Params {
  pixels: u32, fours: u32, channels: u32, kept: u32, in_h: u32, in_w: u32, in_plane: u32, in_image: u32, out_h: u32, out_w: u32,
  offset_y: i32, offset_x: i32, step_y: i32, step_x: i32, x_base: u32,
}
@group(0) @binding(0) var<storage, read> x: array<T>;
@group(0) @binding(1) var<storage, read_write> y: array<vec4<T>>;
@group(1) @binding(0) var<uniform> p: Params;

// The row or column of x that lands at `to`, or a huge number where none does.
fn source_of(to: u32, offset: i32, step: i32) -> u32 {
  let distance = i32(to) - offset;
  return select(0xffffffffu, u32(distance / step), distance >= 0 && distance % step == 0);
}

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) lane: u32) {
  let group = workgroup.x + workgroup.y * groups.x;
  let across = (p.fours + 7u) / 8u;
  let t = group / across * 32u + lane % 32u;
  let four = group % across * 8u + lane / 32u;
  if (t >= p.pixels || four >= p.fours) { return; }
  let of_group = p.kept / 4u;
  let channel = four % of_group * 4u;
  let i = source_of(t / p.out_w % p.out_h, p.offset_y, p.step_y);
  let j = source_of(t % p.out_w, p.offset_x, p.step_x);
  var numbers = vec4<T>();
  if (i < p.in_h && j < p.in_w) {
    let at = p.x_base + t / p.out_w / p.out_h * p.in_image + (four / of_group * p.channels + channel) * p.in_plane + i * p.in_w + j;
    for (var c = 0u; c < 4u; c++) {
      if (channel + c < p.channels) { numbers[c] = x[at + c * p.in_plane]; }
    }
  }
  y[t * p.fours + four] = numbers;
}
