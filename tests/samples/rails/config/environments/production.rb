Rails.application.configure do
  config.cache_classes = true
  config.action_mailer.default_url_options = { host: "www.example.org" }
  config.action_mailer.delivery_method = :smtp
  config.action_mailer.smtp_settings = {
    address: "smtp.example.org",
    port: 587,
    domain: "example.org",
    user_name: "app@example.org",
    password: ENV["SMTP_PASSWORD"],
    authentication: :plain,
    enable_starttls: true
  }
end
