version 1.1

task fastqc {
  input {
    String name
    File reads
    String version = "0.12.1--hdfd78af_0"
  }

  command <<<
    mkdir out && fastqc --outdir out ~{reads} && mv out/*.html ~{name}.html
  >>>

  output {
    File report = "~{name}.html"
  }

  runtime {
    docker: "quay.io/biocontainers/fastqc:~{version}"
    cpu: 2
  }
}

task summary {
  input {
    Array[File] reports
  }

  command <<<
    cat ~{sep(" ", reports)} > all.html
  >>>

  output {
    File all = "all.html"
  }

  runtime {
    docker: 'ubuntu:22.04'
  }
}
