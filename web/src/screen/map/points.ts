/** The open cases as a layer of the map, drawn by WebGL straight from the picture's own columns. */
import type { CustomLayerInterface, CustomRenderMethodInput, MapLibreMap } from 'maplibre-gl'

import { STRIDE, type Picture } from '../picture/picture'

const VERTEX = `#version 300 es
uniform mat4 u_matrix;
uniform float u_size;
uniform float u_pass;
in vec2 a_position;
in float a_mood;
flat out int v_mood;
void main() {
  v_mood = int(a_mood + 0.5);
  float first = step(a_mood, 0.5);
  // what must be seen is drawn after everything else
  float mine = abs(first - u_pass) < 0.5 ? 0.0 : 1.0;
  gl_Position = mine * u_matrix * vec4(a_position, 0.0, 1.0) + (1.0 - mine) * vec4(2.0, 2.0, 2.0, 1.0);
  gl_PointSize = u_size * (a_mood > 0.5 ? 1.6 : 1.0);
}`

// A disc, a triangle for urgent, a diamond for overdue: colour never says it alone.
const FRAGMENT = `#version 300 es
precision mediump float;
uniform vec3 u_colours[3];
uniform float u_opacity;
flat in int v_mood;
out vec4 colour;
void main() {
  vec2 p = gl_PointCoord * 2.0 - 1.0;
  float edge = v_mood == 2 ? abs(p.x) + abs(p.y)
    : v_mood == 1 ? max(abs(p.x) * 1.7 - p.y * 0.9 + 0.1, p.y + 0.2)
    : length(p);
  float alpha = (1.0 - smoothstep(0.75, 1.0, edge)) * (v_mood == 0 ? u_opacity : 1.0);
  colour = vec4(u_colours[v_mood] * alpha, alpha);
}`

/** Pixels of a case's mark: larger where it is near, smaller where there are very many. */
export function sizeOf(zoom: number, count: number, scale: number): number {
  const near = 3.2 + Math.max(0, zoom - 8) * 1.15
  const crowd = Math.min(Math.max(Math.sqrt(6000 / Math.max(count, 1)), 0.62), 1.5)
  return Math.min(near * crowd, 18) * scale
}

function rgb(colour: string): [number, number, number] {
  const value = Number.parseInt(colour.slice(1), 16)
  return [(value >> 16) / 255, ((value >> 8) & 255) / 255, (value & 255) / 255]
}

/** `colours` are hex values for plain, urgent and overdue. */
export function pointsLayer(
  picture: Picture,
  colours: readonly [string, string, string],
  scale: () => number,
): CustomLayerInterface & { visible: boolean } {
  let program: WebGLProgram | null = null
  let buffer: WebGLBuffer | null = null
  let array: WebGLVertexArrayObject | null = null
  let map: MapLibreMap | null = null
  let held = 0 // bytes of the buffer
  const matrix = new Float32Array(16)
  const flat = new Float32Array(colours.flatMap(rgb))
  const places: Record<string, WebGLUniformLocation | null> = {}

  function compile(gl: WebGL2RenderingContext, kind: number, source: string): WebGLShader {
    const shader = gl.createShader(kind)
    if (!shader) throw new Error('no shader')
    gl.shaderSource(shader, source)
    gl.compileShader(shader)
    if (!gl.getShaderParameter(shader, gl.COMPILE_STATUS) && !gl.isContextLost()) {
      throw new Error(gl.getShaderInfoLog(shader) ?? 'shader')
    }
    return shader
  }

  function upload(gl: WebGL2RenderingContext): void {
    gl.bindBuffer(gl.ARRAY_BUFFER, buffer)
    const whole = picture.vertices.byteLength
    const touched = picture.taken()
    if (touched === null || held !== whole) {
      gl.bufferData(gl.ARRAY_BUFFER, picture.vertices, gl.DYNAMIC_DRAW)
      held = whole
      return
    }
    for (const slot of touched) {
      if (slot < picture.count) {
        gl.bufferSubData(gl.ARRAY_BUFFER, slot * STRIDE, new Uint8Array(picture.vertices, slot * STRIDE, STRIDE))
      }
    }
  }

  return {
    id: 'cases',
    type: 'custom',
    renderingMode: '2d',
    visible: true,
    onAdd(on: MapLibreMap, gl: WebGL2RenderingContext) {
      map = on
      program = gl.createProgram()
      gl.attachShader(program, compile(gl, gl.VERTEX_SHADER, VERTEX))
      gl.attachShader(program, compile(gl, gl.FRAGMENT_SHADER, FRAGMENT))
      gl.linkProgram(program)
      for (const name of ['u_matrix', 'u_size', 'u_pass', 'u_colours', 'u_opacity']) {
        places[name] = gl.getUniformLocation(program, name)
      }
      buffer = gl.createBuffer()
      held = -1
      array = gl.createVertexArray()
      gl.bindVertexArray(array)
      gl.bindBuffer(gl.ARRAY_BUFFER, buffer)
      const position = gl.getAttribLocation(program, 'a_position')
      const mood = gl.getAttribLocation(program, 'a_mood')
      gl.enableVertexAttribArray(position)
      gl.vertexAttribPointer(position, 2, gl.FLOAT, false, STRIDE, 0)
      gl.enableVertexAttribArray(mood)
      gl.vertexAttribPointer(mood, 1, gl.UNSIGNED_BYTE, false, STRIDE, 8)
      gl.bindVertexArray(null)
    },
    onRemove(_: MapLibreMap, gl: WebGL2RenderingContext) {
      gl.deleteBuffer(buffer)
      gl.deleteVertexArray(array)
      gl.deleteProgram(program)
    },
    render(gl: WebGL2RenderingContext | WebGLRenderingContext, options: CustomRenderMethodInput) {
      if (!(gl instanceof WebGL2RenderingContext) || !program || !map || !this.visible) return
      upload(gl)
      // positions count from the picture's centre: moving there is done in 64 bits
      const from = options.defaultProjectionData.mainMatrix
      const [x, y] = picture.centre
      for (let i = 0; i < 16; i += 1) {
        const row = i % 4
        const value = Number(from[i])
        matrix[i] = i < 12 ? value : Number(from[row]) * x + Number(from[4 + row]) * y + value
      }
      gl.useProgram(program)
      gl.bindVertexArray(array)
      gl.uniformMatrix4fv(places.u_matrix ?? null, false, matrix)
      gl.uniform1f(places.u_size ?? null, sizeOf(map.getZoom(), picture.count, scale()) * map.getPixelRatio())
      gl.uniform3fv(places.u_colours ?? null, flat)
      gl.uniform1f(places.u_opacity ?? null, picture.count > 20_000 ? 0.6 : 0.85)
      gl.enable(gl.BLEND)
      gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA)
      gl.disable(gl.DEPTH_TEST)
      gl.disable(gl.STENCIL_TEST)
      for (const pass of [0, 1]) {
        gl.uniform1f(places.u_pass ?? null, pass)
        gl.drawArrays(gl.POINTS, 0, picture.count)
      }
      gl.bindVertexArray(null)
    },
  }
}
