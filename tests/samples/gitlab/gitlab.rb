external_url 'https://gitlab.example.org'

gitlab_rails['smtp_enable'] = true
gitlab_rails['smtp_address'] = "smtp.example.org"
gitlab_rails['smtp_port'] = 465
gitlab_rails['smtp_user_name'] = "gitlab@example.org"
gitlab_rails['smtp_password'] = ENV['SMTP_PASSWORD']
gitlab_rails['smtp_authentication'] = "login"
gitlab_rails['smtp_tls'] = true
gitlab_rails['smtp_enable_starttls_auto'] = false
gitlab_rails['smtp_openssl_verify_mode'] = 'peer'
gitlab_rails['ldap_servers'] = YAML.load <<-'EOS'
  main:
    host: 'ldap.example.org'
EOS
if ENV['INCOMING']
  gitlab_rails['incoming_email_enabled'] = true
end
