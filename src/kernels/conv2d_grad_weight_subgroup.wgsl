// conv2d_grad_weight_subgroup: the gradient with respect to weight as an implicit matrix product, from registers, with
// dy handed round the subgroup (gemm_subgroup.wgsl says how); padding is in x already.
//   rows: output channels of a group. columns: input channels of a group and taps. k: pixels of an image, in fours.
//   x (batch, groups * channels, in_h, in_w), dy (batch, groups * rows, out_h, out_w)
//   partial (slices, groups * rows, columns): slice s sums its own run of images; sum_slices.wgsl adds them up
// A lane owns ROWS x COLUMNS of one slice, its columns LANES apart.
enable subgroups;

const LANES: u32 = 8; // slot
const ROW_BLOCKS: u32 = 4; // slot
const COLUMNS: u32 = 4; // slot
const ROWS: u32 = ROW_BLOCKS * LANES;
const RAGGED: bool = false; // slot (out_plane is not a multiple of four)
alias T = f32; // slot
alias U = f32; // slot (partial's)
alias A = T; // slot (vec4<T> where it is)

struct Params {
  rows: u32, columns: u32, conv_groups: u32, row_tiles: u32, column_tiles: u32, channels: u32, kernel_w: u32, kernel_area: u32,
  batch: u32, slices: u32, images_per_slice: u32,
  in_w: u32, in_plane: u32, in_image: u32, out_w: u32, out_plane: u32, out_image: u32,
  stride_y: u32, stride_x: u32, dilation_y: u32, dilation_x: u32,
  x_base: u32, dy_base: u32, partial_base: u32,
}
@group(0) @binding(0) var<storage, read> x: array<T>;
@group(0) @binding(1) var<storage, read> dy: array<A>;
@group(0) @binding(2) var<storage, read_write> partial: array<U>;
@group(1) @binding(0) var<uniform> p: Params;

fn load_dy(at: u32, k: vec4u) -> vec4f { return vec4f(vec4<T>(dy[at + k.x], dy[at + k.y], dy[at + k.z], dy[at + k.w])); } // slot

@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) lane: u32) {
  let tile = workgroup.x + workgroup.y * groups.x;
  let conv_group = tile / p.column_tiles / p.row_tiles % p.conv_groups;
  let slice = tile / p.column_tiles / p.row_tiles / p.conv_groups;
  if (slice >= p.slices) { return; }
  let first_row = tile / p.column_tiles % p.row_tiles * ROWS;
  let first_column = tile % p.column_tiles * (LANES * COLUMNS) + lane;
  var dy_at: array<u32, ROW_BLOCKS>;
  for (var h = 0u; h < ROW_BLOCKS; h++) {
    dy_at[h] = p.dy_base + (conv_group * p.rows + min(first_row + h * LANES + lane, p.rows - 1u)) * p.out_plane;
  }
  var x_at: array<u32, COLUMNS>;
  for (var j = 0u; j < COLUMNS; j++) {
    let column = min(first_column + j * LANES, p.columns - 1u);
    let tap = column % p.kernel_area;
    x_at[j] = p.x_base + (conv_group * p.channels + column / p.kernel_area) * p.in_plane
            + tap / p.kernel_w * p.dilation_y * p.in_w + tap % p.kernel_w * p.dilation_x;
  }

  let to_row = p.stride_y * p.in_w - (p.out_w - 1u) * p.stride_x;
  var sum: array<array<f32, COLUMNS>, ROWS>;
  let end = min((slice + 1u) * p.images_per_slice, p.batch);
  for (var image = slice * p.images_per_slice; image < end; image++) {
    var pixel = image * p.in_image; // where the next pixel's window starts in x
    var pixel_x = 0u;
    for (var first_k = 0u; first_k < p.out_plane; first_k += 4u) {
      var k = first_k + vec4u(0, 1, 2, 3);
      let inside = k < vec4u(p.out_plane);
      if (RAGGED) { k = min(k, vec4u(p.out_plane - 1u)); }
      var pixels: vec4u;
      for (var u = 0u; u < 4u; u++) {
        pixels[u] = pixel;
        pixel_x++;
        let row_ends = pixel_x == p.out_w;
        pixel_x = select(pixel_x, 0u, row_ends);
        pixel += select(p.stride_x, to_row, row_ends);
      }
      if (RAGGED) { pixels = select(vec4u(image * p.in_image), pixels, inside); }
      var x_k: array<vec4f, COLUMNS>;
      for (var j = 0u; j < COLUMNS; j++) {
        let at = x_at[j] + pixels;
        x_k[j] = vec4f(vec4<T>(x[at.x], x[at.y], x[at.z], x[at.w]));
        if (RAGGED) { x_k[j] = select(vec4f(), x_k[j], inside); }
      }
      var dy_k: array<vec4f, ROW_BLOCKS>;
      for (var h = 0u; h < ROW_BLOCKS; h++) {
        dy_k[h] = load_dy(dy_at[h] + image * p.out_image, k);
        if (RAGGED) { dy_k[h] = select(vec4f(), dy_k[h], inside); }
      }
      for (var h = 0u; h < ROW_BLOCKS; h++) { // unroll
        for (var i = 0u; i < LANES; i++) {
          let row = subgroupShuffle(dy_k[h], i);
          for (var j = 0u; j < COLUMNS; j++) {
            let s = sum[h * LANES + i][j];
            sum[h * LANES + i][j] = s + row.x * x_k[j].x + row.y * x_k[j].y + row.z * x_k[j].z + row.w * x_k[j].w;
          }
        }
      }
    }
  }

  for (var h = 0u; h < ROW_BLOCKS; h++) { // unroll
    for (var i = 0u; i < LANES; i++) {
      if (first_row + h * LANES + i < p.rows) {
        let row = (slice * p.conv_groups + conv_group) * p.rows + first_row + h * LANES + i;
        for (var j = 0u; j < COLUMNS; j++) {
          let column = first_column + j * LANES;
          if (column < p.columns) { partial[p.partial_base + row * p.columns + column] = U(sum[h * LANES + i][j]); }
        }
      }
    }
  }
}
