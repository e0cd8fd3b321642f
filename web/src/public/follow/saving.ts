/** Save something made in the page as a file on the device. */
export function saveFile(content: Blob, name: string): void {
  const url = URL.createObjectURL(content)
  const link = document.createElement('a')
  link.href = url
  link.download = name
  link.click()
  // some browsers fetch it only after the click was handled
  setTimeout(() => URL.revokeObjectURL(url), 60_000)
}
