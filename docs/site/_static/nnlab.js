/* What scrolls sideways can be reached, and so scrolled, by the Tab key. */
function letKeysReachWhatScrolls() {
  for (const box of document.querySelectorAll(".wide, math[display=block], pre, .text_html")) {
    if (box.scrollWidth > box.clientWidth) box.tabIndex = 0;
    else box.removeAttribute("tabindex");
  }
}
window.addEventListener("load", letKeysReachWhatScrolls);
window.addEventListener("resize", letKeysReachWhatScrolls);
