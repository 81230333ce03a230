// conv2d_grad_weight_tiled: the gradient with respect to weight as an implicit matrix product, from registers;
// padding is in x already.
//   rows: output channels of a group. columns: input channels of a group and taps. k: pixels of all images.
//   x (batch, groups * channels, in_h, in_w), dy (batch, groups * rows, out_h, out_w)
//   partial (slices, groups * rows, columns): slice s sums its own run of images; sum_slices.wgsl adds them up
// One thread owns ROWS x COLUMNS of one slice, its columns LANES apart.

const ROWS: u32 = 8; // slot
const COLUMNS: u32 = 8; // slot
const LANES: u32 = 8; // slot

alias T = f32; // slot
alias U = f32; // slot
struct Params {
  rows: u32, columns: u32, conv_groups: u32, row_tiles: u32, column_tiles: u32, channels: u32, kernel_w: u32, kernel_area: u32,
  batch: u32, slices: u32, images_per_slice: u32,
  in_w: u32, in_plane: u32, in_image: u32, out_w: u32, out_h: u32, out_plane: u32, out_image: u32,
  stride_y: u32, stride_x: u32, dilation_y: u32, dilation_x: u32,
  x_base: u32, dy_base: u32, partial_base: u32,
}
@group(0) @binding(0) var<storage, read> x: array<T>;
@group(0) @binding(1) var<storage, read> dy: array<T>;
@group(0) @binding(2) var<storage, read_write> partial: array<U>;
@group(1) @binding(0) var<uniform> p: Params;

@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) lane: u32) {
  let tile = workgroup.x + workgroup.y * groups.x;
  let conv_group = tile / p.column_tiles / p.row_tiles % p.conv_groups;
  let slice = tile / p.column_tiles / p.row_tiles / p.conv_groups;
  if (slice >= p.slices) { return; }
  let first_row = tile / p.column_tiles % p.row_tiles * ROWS;
  let first_column = tile % p.column_tiles * (LANES * COLUMNS) + lane;
  var x_at: array<u32, COLUMNS>;
  for (var j = 0u; j < COLUMNS; j++) {
    let column = min(first_column + j * LANES, p.columns - 1u);
    let tap = column % p.kernel_area;
    x_at[j] = p.x_base + (conv_group * p.channels + column / p.kernel_area) * p.in_plane
            + tap / p.kernel_w * p.dilation_y * p.in_w + tap % p.kernel_w * p.dilation_x;
  }
  var dy_at: array<u32, ROWS>;
  for (var i = 0u; i < ROWS; i++) {
    dy_at[i] = p.dy_base + (conv_group * p.rows + min(first_row + i, p.rows - 1u)) * p.out_plane;
  }

  var sum: array<array<f32, COLUMNS>, ROWS>;
  let end = min((slice + 1u) * p.images_per_slice, p.batch);
  for (var image = slice * p.images_per_slice; image < end; image++) {
    for (var out_y = 0u; out_y < p.out_h; out_y++) {
      for (var out_x = 0u; out_x < p.out_w; out_x++) {
        let x_pixel = image * p.in_image + out_y * p.stride_y * p.in_w + out_x * p.stride_x;
        let dy_pixel = image * p.out_image + out_y * p.out_w + out_x;
        var taps: array<f32, COLUMNS>;
        for (var j = 0u; j < COLUMNS; j++) { taps[j] = f32(x[x_at[j] + x_pixel]); }
        for (var i = 0u; i < ROWS; i++) {
          let d = f32(dy[dy_at[i] + dy_pixel]);
          for (var j = 0u; j < COLUMNS; j++) { sum[i][j] += d * taps[j]; }
        }
      }
    }
  }

  for (var i = 0u; i < ROWS; i++) {
    if (first_row + i >= p.rows) { break; }
    let row = (slice * p.conv_groups + conv_group) * p.rows + first_row + i;
    for (var j = 0u; j < COLUMNS; j++) {
      let column = first_column + j * LANES;
      if (column < p.columns) { partial[p.partial_base + row * p.columns + column] = U(sum[i][j]); }
    }
  }
}
