# shellcheck shell=bash
plug-in
