version 1.1

import "tasks/quality.wdl" as quality

struct Sample {
  String name
  File reads
}

workflow cohort {
  input {
    Array[Sample]+ samples
    String picard_image = "quay.io/biocontainers/picard:3.1.1--hdfd78af_0"
    Boolean deep = false
  }

  scatter (sample in samples) {
    call quality.fastqc { input: name = sample.name, reads = sample.reads }
    if (deep) {
      call duplicates { input: reads = sample.reads, image = picard_image }
    }
  }

  output {
    Array[File] reports = fastqc.report
  }
}

task duplicates {
  input {
    File reads
    String image = "quay.io/biocontainers/picard:3.1.1--hdfd78af_0"
    Int memory_gb = 8
  }

  command <<<
    # The image is quay.io/biocontainers/picard, whatever a comment says.
    picard MarkDuplicates -I ~{reads} -O marked.bam -M metrics.txt
  >>>

  output {
    File metrics = "metrics.txt"
  }

  runtime {
    container: image
    memory: "~{memory_gb} GB"
  }
}
